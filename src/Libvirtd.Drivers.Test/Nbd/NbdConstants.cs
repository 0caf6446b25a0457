namespace Libvirtd.Drivers.Test;

/// <summary>The numbers of the NBD protocol (fixed newstyle), as its specification gives them, and the bounds that we set.</summary>
internal static class NbdConstants
{
    public const ulong Magic = 0x4e42444d41474943;
    public const ulong OptionMagic = 0x49484156454F5054;
    public const ulong OptionReplyMagic = 0x3e889045565a9;
    public const uint RequestMagic = 0x25609513;
    public const uint SimpleReplyMagic = 0x67446698;
    public const uint StructuredReplyMagic = 0x668e33ef;

    /// <summary>Zeros after the answer to the oldest option, for clients that do not refuse them.</summary>
    public const int OldPadding = 124;

    /// <summary>Bytes of a name at most.</summary>
    public const int LongestText = 4096;

    /// <summary>Bytes of an option at most: names, and what is asked about them.</summary>
    public const int LongestOption = 1 << 16;

    /// <summary>Options of a handshake at most.</summary>
    public const int MostOptions = 4096;

    /// <summary>Bytes of a request at most, as QEMU's servers have it.</summary>
    public const int LongestRequest = 32 << 20;

    /// <summary>Bytes that are read and sent at once.</summary>
    public const int Piece = 256 << 10;

    /// <summary>Ranges that one reply tells of at most; the client asks again from where they end.</summary>
    public const int MostExtents = 4096;

    /// <summary>Looks at the content for one reply at most.</summary>
    public const int MostLooks = 1 << 16;

    /// <summary>What clients may read best.</summary>
    public const int PreferredBlock = 4096;
}

[Flags]
internal enum NbdHandshakeFlags : ushort
{
    FixedNewstyle = 1,
    NoZeroes = 2,
}

internal enum NbdOption : uint
{
    ExportName = 1,
    Abort = 2,
    List = 3,
    Info = 6,
    Go = 7,
    StructuredReply = 8,
    ListMetaContext = 9,
    SetMetaContext = 10,
}

internal enum NbdOptionReply : uint
{
    Ack = 1,
    Server = 2,
    Info = 3,
    MetaContext = 4,
    Unsupported = 0x80000001,
    Invalid = 0x80000003,
    Unknown = 0x80000006,
}

internal enum NbdInfo : ushort
{
    Export = 0,
    Name = 1,
    Description = 2,
    BlockSize = 3,
}

[Flags]
internal enum NbdTransmissionFlags : ushort
{
    HasFlags = 1,
    ReadOnly = 2,
    SendFlush = 4,
    SendDontFragment = 0x80,
    CanMultiConnect = 0x100,
}

internal enum NbdCommand : ushort
{
    Read = 0,
    Write = 1,
    Disconnect = 2,
    Flush = 3,
    Trim = 4,
    WriteZeroes = 6,
    BlockStatus = 7,
}

[Flags]
internal enum NbdCommandFlags : ushort
{
    None = 0,
    ForceUnitAccess = 1,
    DontFragment = 4,
    One = 8,
}

internal enum NbdChunk : ushort
{
    None = 0,
    Data = 1,
    Hole = 2,
    BlockStatus = 5,
    Error = 0x8001,
}

internal enum NbdError : uint
{
    None = 0,
    NotPermitted = 1,
    Invalid = 22,
}

/// <summary>The client does not speak the protocol, or asks for more than anybody needs: its connection ends.</summary>
internal sealed class NbdProtocolException(string text) : Exception(text);
