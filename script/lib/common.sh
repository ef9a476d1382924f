# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# What the scripts share: steps that say what they do, and the set-up of a fresh machine. Sourced, not run.
# shellcheck shell=bash

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
VENV=$ROOT/.venv
BUILD=$ROOT/build
LOGS=$BUILD/log
cd "$ROOT" || exit 1
mkdir -p "$LOGS"
export LAB_NAME=${LAB_NAME:-default}
export PATH=$VENV/bin:$PATH
export PIP_DISABLE_PIP_VERSION_CHECK=1
# The lab's endpoint takes any credentials; those of a real account must never reach it, nor be needed.
unset AWS_PROFILE AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN

if [ -t 1 ]; then BOLD=$'\e[1m' DIM=$'\e[2m' RED=$'\e[31m' PLAIN=$'\e[0m'; else BOLD='' DIM='' RED='' PLAIN=''; fi
# shellcheck disable=SC2034  # read by the scripts that source this
BEGAN=$SECONDS

say() { printf '%s\n' "$*"; }
heading() { printf '\n%s== %s%s\n' "$BOLD" "$*" "$PLAIN"; }

# die WHAT [WHY [WHAT TO DO]]
die() {
    printf '\n%serror: %s%s\n' "$RED" "$1" "$PLAIN" >&2
    [ -z "${2:-}" ] || printf '  why: %s\n' "$2" >&2
    [ -z "${3:-}" ] || printf '  what to do: %s\n' "$3" >&2
    exit 1
}

# failures LOG : the lines that name what failed, each with what follows it. A run of many scenarios or tests goes on
# for hundreds of lines after its failure, and what kept the whole log may be gone (a CI machine). The last ones: what a
# scenario provokes on purpose comes before what ended it.
failures() {
    grep -nE -B 2 -A 12 '^(fatal|failed): |^\[ERROR\]|^(FAILED|ERROR) |^E  +|CRITICAL' "$1" | cut -c1-600 | tail -n 80
}

# step TITLE COMMAND... : one line when it is done; the end of its log, and what failed in it, when it fails.
step() {
    local title=$1 log rc began=$SECONDS ticker=''
    shift
    log=$LOGS/$(printf '%s' "$title" | tr -c 'a-zA-Z0-9' '-' | tr -s '-').log
    if [ -t 1 ]; then
        printf '   %s ' "$title"
        (while sleep 1; do printf '\r   %s %s%ds%s ' "$title" "$DIM" $((SECONDS - began)) "$PLAIN"; done) &
        ticker=$!
    else
        printf '   %s ...\n' "$title"
    fi
    "$@" >"$log" 2>&1 </dev/null
    rc=$?
    [ -z "$ticker" ] || { kill "$ticker" && wait "$ticker"; } 2>/dev/null
    if [ $rc -eq 0 ]; then
        [ -t 1 ] && printf '\r'
        printf '   %s %s(%ds)%s\n' "$title" "$DIM" $((SECONDS - began)) "$PLAIN"
        return 0
    fi
    printf '\n'
    tail -n 40 "$log" | sed 's/^/   | /' >&2
    say "   What failed, by the log's line numbers:" >&2
    failures "$log" | sed 's/^/   | /' >&2
    die "$title: exit status $rc" "see above; the whole log is ${log#"$ROOT"/}" "mend what it names, then run this again"
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo --preserve-env=LAB_NAME "$@"; fi
}

# lab_down_at_exit: whatever ends the script, the lab does not outlive it, and the exit status stays.
lab_down_at_exit() {
    # shellcheck disable=SC2317  # the trap calls it
    finish() {
        local rc=$?
        heading "Take the lab down"
        as_root "$VENV/bin/lab" down
        exit "$rc"
    }
    trap finish EXIT
    trap 'exit 130' INT TERM
}

need_root() {
    [ "$(id -u)" -eq 0 ] && return
    command -v sudo >/dev/null || die "root is needed" "$1" "run this as root, or install sudo"
    sudo -v || die "root is needed" "$1, and sudo refused" "run this as root, or ask for sudo rights"
}

# packages_for_command: "command package" pairs on stdin; installs what is missing.
install_packages() {
    local missing=() command package
    while read -r command package; do
        [ -n "$command" ] || continue
        PATH=$PATH:/usr/sbin:/sbin command -v "$command" >/dev/null || [ -e "$command" ] || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return
    command -v apt-get >/dev/null ||
        die "packages are missing: ${missing[*]}" "this machine has no apt-get" "use Debian 12+ or Ubuntu 22.04+, or install them by hand"
    need_root "it installs ${missing[*]}"
    step "Update the package lists" as_root apt-get -qq update
    step "Install ${missing[*]}" as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "${missing[@]}"
}

usable_python() { "$1" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; }

find_python() {
    local python
    for python in python3 python3.13 python3.12 python3.11 /usr/bin/python3; do
        if usable_python "$python"; then
            command -v "$python"
            return
        fi
    done
    return 1
}

ensure_python() {
    find_python >/dev/null && return
    need_root "it installs Python"
    step "Update the package lists" as_root apt-get -qq update
    if [ "$(apt-cache policy python3.11-venv 2>/dev/null | grep -c 'Candidate: [0-9]')" -gt 0 ]; then
        step "Install Python 3.11" as_root apt-get -qq install -y python3.11 python3.11-venv
    else
        step "Install Python's venv" as_root apt-get -qq install -y python3 python3-venv
    fi
    find_python >/dev/null || die "no usable Python" "Ansible needs 3.11 to 3.13 with venv" "install one of them, then run this again"
}

# ensure_venv REQUIREMENTS : .venv holds what the file names; nothing happens where it does already.
ensure_venv() {
    local stamp
    ensure_python
    stamp=$VENV/.installed-$(cat requirements*.txt lab/pyproject.toml | sha256sum | cut -c1-16)-$1
    [ -e "$stamp" ] && return
    usable_python "$VENV/bin/python" || step "Make the virtual environment .venv" "$(find_python)" -m venv --clear "$VENV"
    step "Install $1 into .venv" "$VENV/bin/python" -m pip install -q -r "$1"
    touch "$stamp"
}

LAB_PACKAGES='
mmdebstrap mmdebstrap
systemd-nspawn systemd-container
nft nftables
ip iproute2
nsenter util-linux
ssh openssh-client
openssl openssl
/usr/share/keyrings/debian-archive-keyring.gpg debian-archive-keyring
'

ensure_lab() {
    need_root "the lab makes network namespaces and boots hosts"
    install_packages <<<"$LAB_PACKAGES"
}
