namespace Libvirtd.Rpc.Transport;

/// <summary>Sizes of a connection's buffers.</summary>
public sealed record TransportOptions
{
    public static TransportOptions Default { get; } = new();

    /// <summary>The most bytes that may wait unconsumed in the receive buffer. Default: libvirt's longest message (32 MiB and its length word)
    /// and some room for what follows it.</summary>
    public int MaxReceiveBytes { get; init; } = (32 << 20) + 4 + (64 << 10);

    /// <summary>The size of the first receive buffer; it doubles while bytes wait unconsumed, and an idle connection holds none.</summary>
    public int FirstReceiveBytes { get; init; } = 64 << 10;
}
