#!/usr/bin/env bash
# The system programs that the tests drive: tor for the private Tor network, newsreaders, a namespace without network.
# As root they are installed. Elsewhere the missing packages are named and their tests are left out, which pytest
# lists at its end; under CI=true a missing program is a failure.
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin:/usr/lib/news/bin  # of ip, of innd

# program:package
wanted=(tor:tor slrn:slrn tin:tin thunderbird:thunderbird neomutt:neomutt emacs:emacs-nox pan:pan Xvfb:xvfb xdotool:xdotool unshare:util-linux ip:iproute2
        innd:inn2 strace:strace faketime:faketime systemd-analyze:systemd man:man-db)

missing() {
    local pair
    for pair in "${wanted[@]}"; do
        command -v "${pair%%:*}" >/dev/null 2>&1 || echo "${pair##*:}"
    done
}

install_packages() {
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

# No daemon is started by a package; INN's stays half configured where the machine has no domain name.
install_all() {
    local policy=/usr/sbin/policy-rc.d status=0
    [ -e $policy ] || { printf '#!/bin/sh\nexit 101\n' >$policy; chmod +x $policy; trap "rm -f $policy" EXIT; }
    install_packages "$@" 2>/dev/null || status=$?
    if [ $status != 0 ] && [ -e /etc/news/inn.conf ]; then
        sed -i 's/^#\?domain:.*/domain: example.net/' /etc/news/inn.conf
        dpkg --configure -a >/dev/null 2>&1 && install_packages "$@" && status=0
    fi
    return $status
}

packages=($(missing))
[ "${#packages[@]}" -gt 0 ] || exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing ${packages[*]} for the tests (once; a minute or two) …"
    # the first try fails where the package lists are absent or old
    install_all "${packages[@]}" || {
        echo "Fetching the package lists …"
        apt-get update -qq
        install_all "${packages[@]}" || true  # what came is enough, or it is named below
    }
    packages=($(missing))
    [ "${#packages[@]}" -gt 0 ] || exit 0
fi

if [ "${CI:-}" = true ]; then
    echo "Missing, and the tests need them: ${packages[*]}" >&2
    exit 1
fi
echo "NOT INSTALLED: ${packages[*]}. The tests that drive them are left out; pytest lists them at its end."
echo "To run them too: apt install ${packages[*]}"
