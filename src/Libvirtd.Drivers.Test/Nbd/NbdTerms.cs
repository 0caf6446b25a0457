using System.Collections.Immutable;

namespace Libvirtd.Drivers.Test;

/// <summary>What client and server have agreed upon.</summary>
/// <param name="Export">The disk.</param>
/// <param name="IsStructured">Replies come in chunks that say what they are.</param>
/// <param name="Contexts">What the client may ask about, by its place among the export's contexts, which is its number on the wire too.</param>
internal sealed record NbdTerms(NbdExport Export, bool IsStructured, ImmutableArray<int> Contexts)
{
    /// <summary>What the client may do.</summary>
    public NbdTransmissionFlags Flags => NbdTransmissionFlags.HasFlags | NbdTransmissionFlags.ReadOnly | NbdTransmissionFlags.SendFlush
        | NbdTransmissionFlags.CanMultiConnect | (IsStructured ? NbdTransmissionFlags.SendDontFragment : 0);
}
