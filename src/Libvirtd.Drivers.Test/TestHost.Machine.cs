using Libvirtd.Documents;

namespace Libvirtd.Drivers.Test;

/// <summary>The machine that the host pretends to be: its CPU, its memory, its rest.</summary>
internal sealed partial class TestHost
{
    private readonly CapabilitiesDocument _capabilities;
    private readonly Lock _rest = new();
    private DateTimeOffset _wakes = DateTimeOffset.MinValue;
    private CapabilitiesText? _text;

    /// <summary>
    /// The CPU that others are compared with, and that host-model stands for. The capabilities document, which is upstream's, tells no model.
    /// </summary>
    public static CpuDocument Cpu { get; } = CpuDocument.ParseHost("<cpu><arch>x86_64</arch><model>Haswell-noTSX</model><vendor>Intel</vendor></cpu>");

    public HostMemory Memory { get; }

    /// <summary>The machine's NUMA cells; a host from a file has none.</summary>
    public IReadOnlyList<HostCell> Cells => Memory.Cells;

    /// <summary>The kinds of guests that it can run.</summary>
    public IReadOnlyList<HostGuest> Guests => _capabilities.Guests;

    /// <summary>The capabilities document; made anew when pages were allocated.</summary>
    public string Capabilities
    {
        get
        {
            HostCell[] cells = Memory.Cells;
            CapabilitiesText? known = Volatile.Read(ref _text);
            if (known is null || !ReferenceEquals(known.Cells, cells))
                Volatile.Write(ref _text, known = new CapabilitiesText(cells, (_capabilities with { Cells = cells }).Format()));
            return known.Text;
        }
    }

    /// <summary>Puts the machine to rest; false while it rests already.</summary>
    public bool TrySuspend(ulong seconds)
    {
        lock (_rest)
        {
            DateTimeOffset now = Time.GetUtcNow();
            if (now < _wakes)
                return false;
            _wakes = seconds < (DateTimeOffset.MaxValue - now).TotalSeconds ? now.AddSeconds(seconds) : DateTimeOffset.MaxValue;
            return true;
        }
    }

    private sealed record CapabilitiesText(HostCell[] Cells, string Text);
}
