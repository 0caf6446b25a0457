namespace Libvirtd.Interop.Recording;

/// <summary>Who sent a packet.</summary>
public enum Sender : byte
{
    Client = (byte)'C',
    Server = (byte)'S',
}

/// <summary>One packet of a session as it was on the wire, length word included.</summary>
public sealed record Record(Sender Sender, ReadOnlyMemory<byte> Packet);
