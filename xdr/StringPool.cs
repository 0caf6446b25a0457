namespace Libvirtd.Xdr;

/// <summary>
/// A bounded cache of short strings by their bytes: the names of objects that every call repeats. Safe for any number of threads:
/// entries are immutable and replaced whole.
/// </summary>
public sealed class StringPool
{
    private const int LongestBytes = 64;
    private readonly Entry?[] _entries;

    /// <param name="size">How many strings are kept at most, a power of two.</param>
    public StringPool(int size = 4096)
    {
        if (size < 1 || (size & (size - 1)) != 0)
            throw new ArgumentOutOfRangeException(nameof(size), size, "must be a power of two");
        _entries = new Entry?[size];
    }

    internal string? Find(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > LongestBytes)
            return null;
        Entry? entry = Volatile.Read(ref _entries[Slot(bytes)]);
        return entry is not null && bytes.SequenceEqual(entry.Bytes) ? entry.Text : null;
    }

    internal void Add(ReadOnlySpan<byte> bytes, string text)
    {
        if (bytes.Length <= LongestBytes)
            Volatile.Write(ref _entries[Slot(bytes)], new Entry(bytes.ToArray(), text));
    }

    private int Slot(ReadOnlySpan<byte> bytes)
    {
        uint hash = 2166136261;
        foreach (byte b in bytes)
            hash = (hash ^ b) * 16777619;
        return (int)(hash ^ (hash >> 15)) & (_entries.Length - 1);
    }

    private sealed record Entry(byte[] Bytes, string Text);
}
