# What compare and soak share: sourced, with `here` naming this folder. Leaves the tools built, and LIBVIRTD_NET naming our daemon.

# What is missing is installed; nothing is asked for when all is there.
declare -A programs=([gcc]=gcc [/usr/sbin/libvirtd]=libvirt-daemon [virsh]=libvirt-clients [unshare]=util-linux [python3]=python3)
missing=()
for program in "${!programs[@]}"; do
    command -v "$program" >/dev/null || missing+=("${programs[$program]}")
done
command -v gcc >/dev/null && [ ! -e /usr/include/stdio.h ] && missing+=(libc6-dev)
if [ ${#missing[@]} -gt 0 ]; then
    echo "installing ${missing[*]}" >&2
    as_root=()
    [ "$(id -u)" = 0 ] || as_root=(sudo)
    "${as_root[@]}" apt-get update -qq
    DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

mkdir -p "$here/.out"
for source in rpcload rpcnull; do
    [ "$here/.out/$source" -nt "$here/$source.c" ] || gcc -O2 -Wall -o "$here/.out/$source" "$here/$source.c"
done

# The native build, made anew where a source is newer. LIBVIRTD_NET names another executable; --no-build takes what was published last.
case " $* " in
    *' --help '*|*' -h '*|*' --no-build '*) ;;
    *)
        if [ -z "${LIBVIRTD_NET:-}" ]; then
            (cd "$here/.." && . .ci/common.sh && { native_is_current || ./publish >&2; })
        fi ;;
esac
export LIBVIRTD_NET=${LIBVIRTD_NET:-$here/../.run/publish/libvirtd-net}
export PYTHONPATH=$here PYTHONDONTWRITEBYTECODE=1
