using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text;
using static Libvirtd.Drivers.Test.NbdConstants;

namespace Libvirtd.Drivers.Test;

/// <summary>The first part of a connection: the client asks what there is, and chooses.</summary>
internal sealed class NbdHandshake(NbdWire wire, ImmutableArray<NbdExport> exports)
{
    private bool _isStructured;
    private (NbdExport Export, ImmutableArray<int> Contexts)? _chosen;

    /// <summary>Answers options until one of them begins the second part.</summary>
    /// <returns>What was agreed upon; null where the client wants no more.</returns>
    /// <exception cref="NbdProtocolException">The client does not speak the protocol.</exception>
    /// <exception cref="EndOfStreamException">The client has gone.</exception>
    public async ValueTask<NbdTerms?> NegotiateAsync(CancellationToken cancel)
    {
        wire.Write(Magic);
        wire.Write(OptionMagic);
        wire.Write((ushort)(NbdHandshakeFlags.FixedNewstyle | NbdHandshakeFlags.NoZeroes));
        await wire.FlushAsync(cancel).ConfigureAwait(false);
        byte[] head = new byte[16];
        if (!await wire.ReadAsync(head.AsMemory(0, 4), cancel).ConfigureAwait(false))
            return null;
        uint flags = BinaryPrimitives.ReadUInt32BigEndian(head);
        if ((flags & ~(uint)(NbdHandshakeFlags.FixedNewstyle | NbdHandshakeFlags.NoZeroes)) != 0)
            throw new NbdProtocolException($"flags 0x{flags:x}");
        for (int count = 0; count < MostOptions; count++)
        {
            if (!await wire.ReadAsync(head, cancel).ConfigureAwait(false))
                return null;
            NbdOption option = (NbdOption)BinaryPrimitives.ReadUInt32BigEndian(head.AsSpan(8));
            uint length = BinaryPrimitives.ReadUInt32BigEndian(head.AsSpan(12));
            if (BinaryPrimitives.ReadUInt64BigEndian(head) != OptionMagic || length > LongestOption)
                throw new NbdProtocolException($"option {option} of {length} bytes");
            byte[] data = new byte[length];
            if (length > 0 && !await wire.ReadAsync(data, cancel).ConfigureAwait(false))
                return null;
            NbdTerms? terms = Answer(option, data, ((NbdHandshakeFlags)flags).HasFlag(NbdHandshakeFlags.NoZeroes));
            await wire.FlushAsync(cancel).ConfigureAwait(false);
            if (terms is not null || option == NbdOption.Abort)
                return terms;
        }

        throw new NbdProtocolException($"more than {MostOptions} options");
    }

    private NbdTerms? Answer(NbdOption option, ReadOnlySpan<byte> data, bool noZeroes)
    {
        switch (option)
        {
            case NbdOption.ExportName:
                return AnswerExportName(data, noZeroes);
            case NbdOption.Abort:
                Reply(option, NbdOptionReply.Ack);
                return null;
            case NbdOption.List:
                AnswerList(data);
                return null;
            case NbdOption.Info or NbdOption.Go:
                return AnswerInfo(option, data);
            case NbdOption.StructuredReply:
                if (!data.IsEmpty || _isStructured)
                {
                    Refuse(option, NbdOptionReply.Invalid, _isStructured ? "structured replies are agreed upon already" : "the option has no data");
                    return null;
                }

                _isStructured = true;
                Reply(option, NbdOptionReply.Ack);
                return null;
            case NbdOption.ListMetaContext or NbdOption.SetMetaContext:
                AnswerContexts(option, data);
                return null;
            default:
                Refuse(option, NbdOptionReply.Unsupported, "the option is not supported");
                return null;
        }
    }

    /// <summary>The oldest way to begin: there is no answer but the disk, or the end of the connection.</summary>
    private NbdTerms AnswerExportName(ReadOnlySpan<byte> data, bool noZeroes)
    {
        NbdTerms terms = Agree(Find(new NbdOptionData(data).ReadRest()) ?? throw new NbdProtocolException("no such export"));
        wire.Write((ulong)terms.Export.Length);
        wire.Write((ushort)terms.Flags);
        if (!noZeroes)
        {
            wire.GetSpan(OldPadding).Clear();
            wire.Advance(OldPadding);
        }

        return terms;
    }

    private void AnswerList(ReadOnlySpan<byte> data)
    {
        if (!data.IsEmpty)
        {
            Refuse(NbdOption.List, NbdOptionReply.Invalid, "the option has no data");
            return;
        }

        foreach (NbdExport export in exports)
        {
            int name = Encoding.UTF8.GetByteCount(export.Name);
            Reply(NbdOption.List, NbdOptionReply.Server, sizeof(uint) + name + Encoding.UTF8.GetByteCount(export.Description));
            wire.Write((uint)name);
            wire.Write(export.Name);
            wire.Write(export.Description);
        }

        Reply(NbdOption.List, NbdOptionReply.Ack);
    }

    private NbdTerms? AnswerInfo(NbdOption option, ReadOnlySpan<byte> data)
    {
        NbdOptionData reader = new(data);
        string name = reader.ReadText();
        HashSet<NbdInfo> wanted = [];
        for (int count = reader.ReadUInt16(); count > 0 && !reader.IsBad; count--)
            wanted.Add((NbdInfo)reader.ReadUInt16());
        if (!reader.IsAtEnd)
        {
            Refuse(option, NbdOptionReply.Invalid, "the option's data make no sense");
            return null;
        }

        if (Find(name) is not { } export)
        {
            RefuseUnknown(option, name);
            return null;
        }

        NbdTerms terms = Agree(export);
        if (wanted.Contains(NbdInfo.Name))
            ReplyText(option, NbdInfo.Name, export.Name);
        if (wanted.Contains(NbdInfo.Description) && export.Description.Length > 0)
            ReplyText(option, NbdInfo.Description, export.Description);
        if (wanted.Contains(NbdInfo.BlockSize))
        {
            Reply(option, NbdOptionReply.Info, sizeof(ushort) + 3 * sizeof(uint));
            wire.Write((ushort)NbdInfo.BlockSize);
            wire.Write(1u);
            wire.Write((uint)PreferredBlock);
            wire.Write((uint)LongestRequest);
        }

        Reply(option, NbdOptionReply.Info, sizeof(ushort) + sizeof(ulong) + sizeof(ushort));
        wire.Write((ushort)NbdInfo.Export);
        wire.Write((ulong)export.Length);
        wire.Write((ushort)terms.Flags);
        Reply(option, NbdOptionReply.Ack);
        return option == NbdOption.Go ? terms : null;
    }

    private void AnswerContexts(NbdOption option, ReadOnlySpan<byte> data)
    {
        bool isList = option == NbdOption.ListMetaContext;
        NbdOptionData reader = new(data);
        string name = reader.ReadText();
        HashSet<string> queries = new(StringComparer.Ordinal);
        uint count = reader.ReadUInt32();
        for (uint i = 0; i < count && !reader.IsBad; i++)
            queries.Add(reader.ReadText());
        // Whatever was chosen before is so no more, even if this choice is refused.
        if (!isList)
            _chosen = null;
        if (!reader.IsAtEnd || !_isStructured)
        {
            Refuse(option, NbdOptionReply.Invalid, _isStructured ? "the option's data make no sense" : "structured replies are not agreed upon");
            return;
        }

        if (Find(name) is not { } export)
        {
            RefuseUnknown(option, name);
            return;
        }

        ImmutableArray<int> found = [.. Enumerable.Range(0, export.Contexts.Length).Where(i => isList && count == 0 || IsAsked(export.Contexts[i], queries, isList))];
        foreach (int context in found)
        {
            Reply(option, NbdOptionReply.MetaContext, sizeof(uint) + Encoding.UTF8.GetByteCount(export.Contexts[context]));
            wire.Write((uint)context);
            wire.Write(export.Contexts[context]);
        }

        if (!isList)
            _chosen = (export, found);
        Reply(option, NbdOptionReply.Ack);
    }

    /// <summary>A list also understands beginnings that end with a colon: <c>qemu:</c>, <c>qemu:dirty-bitmap:</c>.</summary>
    private static bool IsAsked(string context, HashSet<string> queries, bool isList) => queries.Contains(context)
        || (isList && queries.Any(query => query.EndsWith(':') && context.StartsWith(query, StringComparison.Ordinal)));

    private NbdExport? Find(string name) => exports.FirstOrDefault(export => export.Name == name);

    private NbdTerms Agree(NbdExport export) =>
        new(export, _isStructured, _chosen is { } chosen && chosen.Export == export ? chosen.Contexts : []);

    private void ReplyText(NbdOption option, NbdInfo info, string text)
    {
        Reply(option, NbdOptionReply.Info, sizeof(ushort) + Encoding.UTF8.GetByteCount(text));
        wire.Write((ushort)info);
        wire.Write(text);
    }

    private void RefuseUnknown(NbdOption option, string name) => Refuse(option, NbdOptionReply.Unknown, $"there is no export '{name}'");

    private void Refuse(NbdOption option, NbdOptionReply reply, string text)
    {
        Reply(option, reply, Encoding.UTF8.GetByteCount(text));
        wire.Write(text);
    }

    private void Reply(NbdOption option, NbdOptionReply reply, int length = 0)
    {
        wire.Write(OptionReplyMagic);
        wire.Write((uint)option);
        wire.Write((uint)reply);
        wire.Write((uint)length);
    }
}
