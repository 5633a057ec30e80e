#!/usr/bin/env bash
# The system programs that the tests drive: tor for the private Tor network, newsreaders, a namespace without network.
# As root they are installed. Elsewhere the missing packages are named and their tests are left out, which pytest
# lists at its end; under CI=true a missing program is a failure.
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin  # of ip

# program:package
wanted=(tor:tor slrn:slrn tin:tin thunderbird:thunderbird neomutt:neomutt emacs:emacs-nox unshare:util-linux ip:iproute2)

missing() {
    local pair
    for pair in "${wanted[@]}"; do
        command -v "${pair%%:*}" >/dev/null 2>&1 || echo "${pair##*:}"
    done
}

install_packages() {
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

packages=($(missing))
[ "${#packages[@]}" -gt 0 ] || exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing ${packages[*]} for the tests (once; a minute or two) …"
    # the first try fails where the package lists are absent or old
    install_packages "${packages[@]}" 2>/dev/null || {
        echo "Fetching the package lists …"
        apt-get update -qq
        install_packages "${packages[@]}"
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
