namespace Libvirtd.Interop.Daemons;

/// <summary>The ways to a server.</summary>
public enum Transport
{
    Unix,
    UnixReadOnly,
    Tcp,
}
