# What run and test share. Sourced, with the repository's root as current directory.

# Says what is wrong and ends.
die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# install_packages NAME...: installs those Debian packages that are missing. Returns non-zero when some cannot be had.
install_packages() {
    local missing=() name
    command -v dpkg-query >/dev/null || return 0 # no Debian: whoever runs this brings the tools
    for name in "$@"; do
        [[ $(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null) == installed ]] || missing+=("$name")
    done
    ((${#missing[@]})) || return 0
    echo "installing: ${missing[*]}"
    local root=()
    if ((EUID != 0)); then
        sudo -n true 2>/dev/null </dev/null || { echo "not root, and no sudo without a password: cannot install" >&2; return 1; }
        root=(sudo -n)
    fi
    # A service that cannot start (a container without init) fails its package; what is unpacked is enough for us.
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q update </dev/null >/dev/null &&
        "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qy install --no-install-recommends "${missing[@]}" </dev/null >/dev/null
}

command -v dotnet >/dev/null || die "the .NET 10 SDK is missing: see https://dotnet.microsoft.com/download"
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1

# native_is_current: whether the file that ./publish made is there, and no source is newer.
native_is_current() {
    local file=.run/publish/libvirtd-net
    [[ -x $file && -z $(find src xdr protocol Directory.*.props \( -name bin -o -name obj \) -prune -o -type f -newer "$file" -print -quit) ]]
}
