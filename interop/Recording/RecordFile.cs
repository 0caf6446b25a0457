using System.Buffers.Binary;

namespace Libvirtd.Interop.Recording;

/// <summary>
/// A recorded session: for each packet one byte that tells the sender ('C' or 'S'), then the packet itself, which begins with its own length.
/// </summary>
public static class RecordFile
{
    /// <summary>Length word and header.</summary>
    internal const int Smallest = 28;

    /// <summary>The longest packet that the protocol allows.</summary>
    internal const int Largest = 33_554_436;

    public static void Write(string path, IEnumerable<Record> records)
    {
        using FileStream file = File.Create(path);
        foreach (Record record in records)
        {
            file.WriteByte((byte)record.Sender);
            file.Write(record.Packet.Span);
        }
    }

    /// <exception cref="InvalidDataException">The file is cut short, or a sender or a length is impossible.</exception>
    public static IReadOnlyList<Record> Read(string path)
    {
        ReadOnlyMemory<byte> rest = File.ReadAllBytes(path);
        List<Record> records = [];
        while (!rest.IsEmpty)
        {
            Sender sender = (Sender)rest.Span[0];
            rest = rest[1..];
            if (sender is not (Sender.Client or Sender.Server) || rest.Length < Smallest)
                throw new InvalidDataException($"{path}: no packet after {records.Count} records");
            int length = BinaryPrimitives.ReadInt32BigEndian(rest.Span);
            if (length < Smallest || length > rest.Length) throw new InvalidDataException($"{path}: length {length} in record {records.Count}");
            records.Add(new Record(sender, rest[..length]));
            rest = rest[length..];
        }

        return records;
    }
}
