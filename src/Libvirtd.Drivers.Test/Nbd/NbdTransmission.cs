using System.Buffers.Binary;
using System.Text;
using static Libvirtd.Drivers.Test.NbdConstants;

namespace Libvirtd.Drivers.Test;

/// <summary>The second part of a connection: requests, answered in their order.</summary>
internal sealed class NbdTransmission(NbdWire wire, NbdTerms terms)
{
    private const int HeadLength = 28;

    private NbdExport Export => terms.Export;

    /// <summary>Serves until the client has enough.</summary>
    /// <exception cref="NbdProtocolException">The client does not speak the protocol.</exception>
    /// <exception cref="EndOfStreamException">The client has gone.</exception>
    public async ValueTask ServeAsync(CancellationToken cancel)
    {
        byte[] head = new byte[HeadLength];
        while (await wire.ReadAsync(head, cancel).ConfigureAwait(false))
        {
            NbdRequest request = NbdRequest.Parse(head);
            switch (request.Command)
            {
                case NbdCommand.Disconnect:
                    return;
                case NbdCommand.Read:
                    await AnswerReadAsync(request, cancel).ConfigureAwait(false);
                    break;
                case NbdCommand.BlockStatus:
                    AnswerBlockStatus(request);
                    break;
                case NbdCommand.Flush:
                    ReplySimple(request.Cookie, NbdError.None);
                    break;
                case NbdCommand.Write:
                    if (request.Length > LongestRequest)
                        throw new NbdProtocolException($"{request.Length} bytes to be written");
                    await wire.SkipAsync(request.Length, cancel).ConfigureAwait(false);
                    Refuse(request, NbdError.NotPermitted, "the export is read only");
                    break;
                case NbdCommand.Trim or NbdCommand.WriteZeroes:
                    Refuse(request, NbdError.NotPermitted, "the export is read only");
                    break;
                default:
                    Refuse(request, NbdError.Invalid, "the request is not supported");
                    break;
            }

            await wire.FlushAsync(cancel).ConfigureAwait(false);
        }
    }

    private async ValueTask AnswerReadAsync(NbdRequest request, CancellationToken cancel)
    {
        if (!IsWithin(request) || request.Length > LongestRequest || (request.Flags & ~(NbdCommandFlags.ForceUnitAccess | NbdCommandFlags.DontFragment)) != 0)
        {
            Refuse(request, NbdError.Invalid, "such a range, or such flags, cannot be read");
            return;
        }

        long offset = (long)request.Offset;
        long end = offset + request.Length;
        bool isFragmented = terms.IsStructured && !request.Flags.HasFlag(NbdCommandFlags.DontFragment) && offset < end;
        if (!terms.IsStructured)
        {
            ReplySimple(request.Cookie, NbdError.None);
        }
        else if (offset == end)
        {
            ReplyChunk(request.Cookie, NbdChunk.None, 0, isLast: true);
        }
        else if (!isFragmented)
        {
            ReplyChunk(request.Cookie, NbdChunk.Data, sizeof(ulong) + request.Length, isLast: true);
            wire.Write(request.Offset);
        }

        while (offset < end)
        {
            (bool isData, long until) = isFragmented ? Export.MapAt(offset, end) : (true, end);
            if (isData)
                until = Math.Min(until, offset + Piece);
            int length = (int)(until - offset);
            if (isFragmented)
            {
                ReplyChunk(request.Cookie, isData ? NbdChunk.Data : NbdChunk.Hole, (uint)(sizeof(ulong) + (isData ? length : sizeof(uint))), until == end);
                wire.Write((ulong)offset);
            }

            if (isData)
            {
                Export.Read(wire.GetSpan(length), offset);
                wire.Advance(length);
                await wire.FlushAsync(cancel).ConfigureAwait(false);
            }
            else
            {
                wire.Write((uint)length);
            }

            offset = until;
        }
    }

    private void AnswerBlockStatus(NbdRequest request)
    {
        if (terms.Contexts.IsEmpty || request.Length == 0 || !IsWithin(request) || (request.Flags & ~(NbdCommandFlags.ForceUnitAccess | NbdCommandFlags.One)) != 0)
        {
            Refuse(request, NbdError.Invalid, terms.Contexts.IsEmpty ? "no context is agreed upon" : "there is no status of such a range");
            return;
        }

        for (int i = 0; i < terms.Contexts.Length; i++)
        {
            int context = terms.Contexts[i];
            List<(uint Length, uint State)> extents = Extents(context, (long)request.Offset, (long)request.Offset + request.Length,
                request.Flags.HasFlag(NbdCommandFlags.One) ? 1 : MostExtents);
            ReplyChunk(request.Cookie, NbdChunk.BlockStatus, (uint)(sizeof(uint) + extents.Count * 2 * sizeof(uint)), i == terms.Contexts.Length - 1);
            wire.Write((uint)context);
            foreach ((uint length, uint state) in extents)
            {
                wire.Write(length);
                wire.Write(state);
            }
        }
    }

    /// <summary>The ranges of one state from an offset on, at least one of them.</summary>
    private List<(uint Length, uint State)> Extents(int context, long offset, long end, int most)
    {
        List<(uint Length, uint State)> extents = [];
        for (int looks = 0; offset < end && looks < MostLooks; looks++)
        {
            (uint state, long until) = Export.StateAt(context, offset, end);
            uint length = (uint)(until - offset);
            if (extents.Count > 0 && extents[^1].State == state)
                extents[^1] = (extents[^1].Length + length, state);
            else if (extents.Count < most)
                extents.Add((length, state));
            else
                break;
            offset = until;
        }

        return extents;
    }

    private bool IsWithin(NbdRequest request) => request.Offset <= (ulong)Export.Length && request.Length <= (ulong)Export.Length - request.Offset;

    private void Refuse(NbdRequest request, NbdError error, string text)
    {
        if (!terms.IsStructured)
        {
            ReplySimple(request.Cookie, error);
            return;
        }

        int length = Encoding.UTF8.GetByteCount(text);
        ReplyChunk(request.Cookie, NbdChunk.Error, (uint)(sizeof(uint) + sizeof(ushort) + length), isLast: true);
        wire.Write((uint)error);
        wire.Write((ushort)length);
        wire.Write(text);
    }

    private void ReplySimple(ulong cookie, NbdError error)
    {
        wire.Write(SimpleReplyMagic);
        wire.Write((uint)error);
        wire.Write(cookie);
    }

    private void ReplyChunk(ulong cookie, NbdChunk chunk, uint length, bool isLast)
    {
        wire.Write(StructuredReplyMagic);
        wire.Write((ushort)(isLast ? 1 : 0));
        wire.Write((ushort)chunk);
        wire.Write(cookie);
        wire.Write(length);
    }

    /// <summary>What a client wants.</summary>
    private readonly record struct NbdRequest(NbdCommandFlags Flags, NbdCommand Command, ulong Cookie, ulong Offset, uint Length)
    {
        public static NbdRequest Parse(ReadOnlySpan<byte> head) => BinaryPrimitives.ReadUInt32BigEndian(head) == RequestMagic
            ? new((NbdCommandFlags)BinaryPrimitives.ReadUInt16BigEndian(head[4..]), (NbdCommand)BinaryPrimitives.ReadUInt16BigEndian(head[6..]),
                BinaryPrimitives.ReadUInt64BigEndian(head[8..]), BinaryPrimitives.ReadUInt64BigEndian(head[16..]), BinaryPrimitives.ReadUInt32BigEndian(head[24..]))
            : throw new NbdProtocolException("no request");
    }
}
