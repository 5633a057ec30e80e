#!/bin/bash
# Sets up INN on loopback with a corpus, for bench/run.
#
#   peers.sh install                               package (Debian: inn2) and the C client
#   peers.sh corpus  N [SOURCE-TREE]               a corpus of N articles (mkcorpus)
#   peers.sh inn     NAME PORT N [OV [STORE]]      INN: readers (nnrpd -D) on PORT, feeds (innd) on PORT+1
#                                                  OV: tradindexed ovsqlite buffindexed ovdb; STORE: cnfs tradspool timecaf
#                                                  (the first of each, the default, is the fastest for readers)
#   peers.sh stop NAME | restart NAME | remove NAME | list
#
# Everything lives under $ZB_WORK (default: /tmp/zbnntp-peers); a server that has been loaded once is only
# started again.  Environment for `inn`: ZB_MANY=5000 adds that many empty groups; ZB_LOAD=0 leaves it empty;
# ZB_PREFORK=8 lets nnrpd prefork; ZB_CHECKART=true restores INN's slower default nnrpdcheckart.
# Needs root (INN runs as user news).  Listens on $ZB_HOST only (default 127.77.7.1, loopback).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
W=${ZB_WORK:-/tmp/zbnntp-peers}
H=${ZB_HOST:-127.77.7.1}
NB=/usr/lib/news/bin
mkdir -p "$W/servers" "$W/corpus"; chmod 755 "$W"

die() { echo "peers.sh: $*" >&2; exit 1; }
client() { [ "$W/nntpbench" -nt "$here/nntpbench.c" ] || gcc -O2 -pthread -o "$W/nntpbench" "$here/nntpbench.c"; }
news() { INNCONF="$D/etc/inn.conf" setpriv --reuid news --regid news --clear-groups -- "$@"; }
up() { (exec 3<>"/dev/tcp/$H/$1") 2>/dev/null; }
portfree() { ! up "$1" || die "something else listens on $H:$1"; }
waitport() { for _ in $(seq 200); do up "$1" && [ -d "/proc/$2" ] && return 0; sleep 0.05; done; die "nothing of ours listens on $H:$1"; }
kill_wait() { # pid...: TERM, wait at most 20 s each
  for p in "$@"; do
    [ -d "/proc/$p" ] || continue
    kill "$p" 2>/dev/null || true
    for _ in $(seq 400); do [ -d "/proc/$p" ] && ! grep -q '^State:.Z' "/proc/$p/status" 2>/dev/null || break; sleep 0.05; done
  done
}

install() {
  if ! dpkg -s inn2 >/dev/null 2>&1; then
    printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d; chmod +x /usr/sbin/policy-rc.d   # apt must start no daemon
    DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends inn2 gcc libc6-dev >"$W/apt.log" 2>&1 || true
    # inn2's postinst wants a domain; without one it leaves the package half configured
    grep -q '^domain:' /etc/news/inn.conf || sed -i 's/^#domain:.*/domain: example.net/' /etc/news/inn.conf
    dpkg --configure -a >>"$W/apt.log" 2>&1 || { rm -f /usr/sbin/policy-rc.d; die "see $W/apt.log"; }
    rm -f /usr/sbin/policy-rc.d
  fi
  client
}

corpus() { # N [SOURCE]
  local c="$W/corpus/$1"
  [ -e "$c/meta.json" ] || python3 "$here/mkcorpus" "$c" --articles "$1" ${2:+--source "$2"} >&2
}

describe() { # NAME KIND PORT FEED_PORT(or null) CORPUS DATA PIDS
  local data="" pids=""
  for x in $6; do data="$data${data:+, }\"$x\""; done
  for x in $7; do pids="$pids${pids:+, }$x"; done
  cat >"$W/servers/$1.json" <<J
{"name": "$1", "kind": "$2", "host": "$H", "port": $3, "feed_port": $4, "corpus": "$W/corpus/$5", "data": [$data], "pids": [$pids], "restart": ["env", "ZB_WORK=$W", "ZB_HOST=$H", "bash", "$here/peers.sh", "restart", "$1"], "work": "$W"}
J
}

inn_conf() { # writes $D/etc
  mkdir -p "$D"/{etc/filter,db,spool/{articles,overview,incoming/tmp,incoming/bad,outgoing,archive,innfeed},run,log/OLD,http,tmp,cyc}
  cp /etc/news/{control.ctl,newsfeeds,distrib.pats,localgroups,moderators,nocem.ctl,innfeed.conf,expire.ctl,passwd.nntp,innwatch.ctl,nntpsend.ctl,send-uucp.cf,actsync.cfg,actsync.ign,subscriptions,news2mail.cf,inn-secrets.conf} "$D/etc/" 2>/dev/null || true
  cat >"$D/etc/inn.conf" <<C
mta: "/bin/true"
organization: bench
ovmethod: $OV
hismethod: hisv6
pathhost: inn.example.net
domain: example.net
fromhost: example.net
pathnews: /usr/lib/news
pathetc: $D/etc
pathdb: $D/db
pathspool: $D/spool
patharticles: $D/spool/articles
pathoverview: $D/spool/overview
pathincoming: $D/spool/incoming
pathoutgoing: $D/spool/outgoing
patharchive: $D/spool/archive
pathfilter: $D/etc/filter
pathhttp: $D/http
pathrun: $D/run
pathlog: $D/log
pathtmp: $D/tmp
bindaddress: $H
port: $FEED
artcutoff: 0
maxconnections: 2000
maxforks: 100
nnrpdloadlimit: 0
nnrpdcheckart: ${ZB_CHECKART:-false}
nnrpdposthost: ""
clienttimeout: 3600
initialtimeout: 600
maxartsize: 0
localmaxartsize: 0
wireformat: true
articlemmap: true
tradindexedmmap: true
overcachesize: 128
hiscachesize: 16384
enableoverview: true
docancels: none
pgpverify: false
doinnwatch: false
backofftrigger: 100000000
logartsize: false
status: 0
C
  local class options=
  case $ST in
    tradspool) class=0 ;;
    timecaf) class=1 ;;
    cnfs) class=2 options=' options: BIG\n' ;;
    *) die "unknown store $ST" ;;
  esac
  printf "method $ST {\n newsgroups: *\n class: $class\n$options}\n" >"$D/etc/storage.conf"
  echo 'auth "all" {
  hosts: "*"
  default: "<all>"
}
access "all" {
  users: "<all>"
  newsgroups: "*"
  access: RPAN
}' >"$D/etc/readers.conf"
  echo 'streaming: true
max-connections: 0
peer ME { hostname: "localhost, 127.0.0.1, '$H'" }
' >"$D/etc/incoming.conf"
  echo 'ME:!*::' >"$D/etc/newsfeeds"
  local kb=$((N * 5 + 600000))   # room for the feeds and posts of many runs: CNFS overwrites its oldest articles
  if [ "$ST" = cnfs ]; then
    printf 'cycbuffupdate:25\nrefreshinterval:30\ncycbuff:ONE:%s/cyc/one:%s\nmetacycbuff:BIG:ONE:SEQUENTIAL\n' "$D" $kb >"$D/etc/cycbuff.conf"
    dd if=/dev/zero of="$D/cyc/one" bs=1024 count=$kb status=none
  fi
  if [ "$OV" = buffindexed ]; then
    printf '0:%s/cyc/OV1:%s\n' "$D" $kb >"$D/etc/buffindexed.conf"
    dd if=/dev/zero of="$D/cyc/OV1" bs=1024 count=$kb status=none
  fi
  : >"$D/etc/ovsqlite.conf"
  [ "$OV" != ovdb ] || printf 'txn_nosync\t1\ncachesize\t65536\n' >"$D/etc/ovdb.conf"
  { printf 'control 0000000000 0000000001 n\ncontrol.cancel 0000000000 0000000001 n\njunk 0000000000 0000000001 n\nto 0000000000 0000000001 n\n'
    while read -r g; do printf '%s 0000000000 0000000001 y\n' "$g"; done <"$W/corpus/$N/groups.txt"
    printf 'bench.post 0000000000 0000000001 y\n'
    for i in $(seq "${ZB_MANY:-0}"); do printf 'many.g%05d 0000000000 0000000001 y\n' "$i"; done
  } >"$D/db/active"
  { while read -r g; do printf '%s\tA board of the benchmark corpus\n' "$g"; done <"$W/corpus/$N/groups.txt"
    for i in $(seq "${ZB_MANY:-0}"); do printf 'many.g%05d\tEmpty group number %d\n' "$i" "$i"; done
  } >"$D/db/newsgroups"
  touch "$D/db/active.times" "$D/db/history"
  chown -R news:news "$D"; chmod -R go+rX "$D"; chmod 640 "$D"/etc/*.conf
  (cd "$D/db" && news $NB/makedbz -i -o -s $((N * 2 + 100000)) -f "$D/db/history")
}

inn_start() {
  local pids=""
  [ "$OV" != ovdb ] || news $NB/ovdb_init >"$D/log/ovdb_init" 2>&1 || die "ovdb_init: $(cat "$D/log/ovdb_init")"
  if [ "$OV" = ovsqlite ]; then
    news $NB/ovsqlite-server >"$D/log/ovsqlite" 2>&1 || die "ovsqlite-server failed"
    for _ in $(seq 100); do [ -S "$D/run/ovsqlite.sock" ] && break; sleep 0.05; done
  fi
  portfree "$FEED"; portfree "$PORT"
  export INNCONF="$D/etc/inn.conf"
  setpriv --reuid news --regid news --clear-groups -- $NB/innd -f -N -P "$FEED" -4 "$H" >>"$D/log/innd.out" 2>&1 </dev/null &
  echo $! >"$D/innd.pid"; waitport "$FEED" "$(cat "$D/innd.pid")"
  setpriv --reuid news --regid news --clear-groups -- $NB/nnrpd -D -f -n -4 "$H" -p "$PORT" ${ZB_PREFORK:+-P $ZB_PREFORK} >>"$D/log/nnrpd.out" 2>&1 </dev/null &
  echo $! >"$D/nnrpd.pid"; waitport "$PORT" "$(cat "$D/nnrpd.pid")"
  pids="$(cat "$D/innd.pid") $(cat "$D/nnrpd.pid")"
  for f in "$D"/run/ov*.pid; do [ ! -s "$f" ] || pids="$pids $(cat "$f")"; done
  describe "$NAME" inn "$PORT" "$FEED" "$N" "$D/spool $D/db $D/cyc" "$pids"
}

inn_stop() {
  local n; n=$(cat "$D/nnrpd.pid" 2>/dev/null || true)
  kill_wait $n ${n:+$(pgrep -P "$n" || true)}   # preforked children hold the port
  if [ -d "/proc/$(cat "$D/innd.pid" 2>/dev/null || echo none)" ]; then news $NB/ctlinnd -s shutdown bench >/dev/null 2>&1 || true; kill_wait $(cat "$D/innd.pid"); fi
  for f in "$D"/run/ov*.pid; do [ ! -s "$f" ] || kill_wait $(cat "$f"); done
  rm -f "$D"/*.pid
}

inn() { # NAME PORT N [OV [STORE]]
  NAME=$1 PORT=$2 N=$3 OV=${4:-tradindexed} ST=${5:-cnfs} FEED=$(($2 + 1)) D=$W/$1
  corpus "$N"; client
  if [ ! -e "$D/loaded" ]; then
    rm -rf "$D"; mkdir -p "$D"; inn_conf; inn_start
    printf 'NAME=%q PORT=%q N=%q OV=%q ST=%q FEED=%q ZB_PREFORK=%q\n' "$NAME" "$PORT" "$N" "$OV" "$ST" "$FEED" "${ZB_PREFORK:-}" >"$D/vars"
    if [ "${ZB_LOAD:-1}" != 0 ]; then
      "$W/nntpbench" "$H" "$FEED" feed wire="$W/corpus/$N/corpus.wire" idx="$W/corpus/$N/corpus.idx" depth=100 | tee "$D/load.json"
      news $NB/ctlinnd -s flush '' >/dev/null 2>&1 || true
    fi
    touch "$D/loaded"
  elif [ ! -d "/proc/$(cat "$D/innd.pid" 2>/dev/null || echo none)" ]; then inn_start; fi
}

load_vars() { D=$W/$1; [ -e "$D/vars" ] || die "no server $1"; . "$D/vars"; }
stop() { load_vars "$1"; inn_stop; }

case ${1:-} in
  install) install ;;
  corpus) shift; corpus "$@" ;;
  inn) shift; inn "$@" ;;
  stop) stop "$2" ;;
  restart) stop "$2"; inn_start ;;
  remove) stop "$2"; rm -rf "$W/${2:?}" "$W/servers/$2.json" ;;
  list) cat "$W"/servers/*.json ;;
  *) sed -n '2,17p' "$0"; exit 2 ;;
esac
