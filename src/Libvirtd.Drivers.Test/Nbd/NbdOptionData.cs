using System.Buffers.Binary;
using System.Text;

namespace Libvirtd.Drivers.Test;

/// <summary>Reads what comes with an option. Whatever is too short, too long or no text makes it <see cref="IsBad"/>, and all that follows is empty.</summary>
internal ref struct NbdOptionData(ReadOnlySpan<byte> data)
{
    private static readonly UTF8Encoding s_strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private ReadOnlySpan<byte> _rest = data;

    public bool IsBad { get; private set; }

    /// <summary>All was read, and none of it was bad.</summary>
    public readonly bool IsAtEnd => !IsBad && _rest.IsEmpty;

    public ushort ReadUInt16() => Take(sizeof(ushort)) is { IsEmpty: false } bytes ? BinaryPrimitives.ReadUInt16BigEndian(bytes) : (ushort)0;

    public uint ReadUInt32() => Take(sizeof(uint)) is { IsEmpty: false } bytes ? BinaryPrimitives.ReadUInt32BigEndian(bytes) : 0;

    /// <summary>A length and so many bytes of text.</summary>
    public string ReadText()
    {
        uint length = ReadUInt32();
        return length <= NbdConstants.LongestText ? Text(Take((int)length)) : Bad();
    }

    /// <summary>All that is left, as text.</summary>
    public string ReadRest() => _rest.Length <= NbdConstants.LongestText ? Text(Take(_rest.Length)) : Bad();

    private string Text(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return s_strict.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            return Bad();
        }
    }

    private string Bad()
    {
        IsBad = true;
        _rest = [];
        return "";
    }

    private ReadOnlySpan<byte> Take(int length)
    {
        if (length > _rest.Length)
        {
            Bad();
            return [];
        }

        ReadOnlySpan<byte> taken = _rest[..length];
        _rest = _rest[length..];
        return taken;
    }
}
