using System.Collections.Immutable;

namespace Libvirtd.Drivers.Test;

/// <summary>A disk that is offered to be read. It is asked from several threads at once.</summary>
internal abstract class NbdExport
{
    /// <summary>The name that clients ask for.</summary>
    public abstract string Name { get; }

    /// <summary>What it is, for people; empty for nothing.</summary>
    public virtual string Description => "";

    /// <summary>Bytes from the first to the last.</summary>
    public abstract long Length { get; }

    /// <summary>The names of what it can tell of its bytes besides their values, such as <c>base:allocation</c>.</summary>
    public abstract ImmutableArray<string> Contexts { get; }

    /// <summary>Reads a range that lies within.</summary>
    public abstract void Read(Span<byte> buffer, long offset);

    /// <summary>Whether there is data at an offset, and how far that goes, at most to <paramref name="end"/>; where there is none all bytes are zero.</summary>
    public abstract (bool IsData, long Until) MapAt(long offset, long end);

    /// <summary>What a context says of the byte at an offset, and how far that goes, at most to <paramref name="end"/>.</summary>
    /// <param name="context">The context's place among <see cref="Contexts"/>.</param>
    /// <param name="offset">A byte within.</param>
    /// <param name="end">The byte after the last one that matters.</param>
    public abstract (uint State, long Until) StateAt(int context, long offset, long end);
}
