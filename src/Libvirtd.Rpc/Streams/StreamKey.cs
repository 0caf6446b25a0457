namespace Libvirtd.Rpc.Streams;

/// <summary>What both sides know a stream by: the call that opened it.</summary>
internal readonly record struct StreamKey(uint Program, uint Version, int Procedure, uint Serial)
{
    public static StreamKey Of(PacketHeader header) => new(header.Program, header.Version, header.Procedure, header.Serial);
}
