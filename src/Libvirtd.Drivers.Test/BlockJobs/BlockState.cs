using System.Collections.Immutable;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>What happens to a domain's disks at one instant. It never changes: each method makes another one.</summary>
internal sealed record BlockState
{
    public static BlockState Empty { get; } = new();

    /// <summary>The jobs by disk: there is at most one for each.</summary>
    public ImmutableSortedDictionary<string, BlockJob> Jobs { get; init; } =
        ImmutableSortedDictionary<string, BlockJob>.Empty.WithComparers(StringComparer.Ordinal);

    /// <summary>What clients want to be told when it is reached, by disk or by <c>vda[3]</c>.</summary>
    public ImmutableSortedDictionary<string, BlockThreshold> Thresholds { get; init; } =
        ImmutableSortedDictionary<string, BlockThreshold>.Empty.WithComparers(StringComparer.Ordinal);

    /// <summary>The number that an image of the running domain got last.</summary>
    public uint LastIndex { get; init; }

    public BlockJob? Find(string target) => Jobs.GetValueOrDefault(target);

    public BlockState With(BlockJob job) => this with { Jobs = Jobs.SetItem(job.Target, job) };

    public BlockState Without(BlockJob job) => this with { Jobs = Jobs.Remove(job.Target) };

    /// <summary>Refuses what cannot be done to a disk while a job works on it.</summary>
    /// <exception cref="VirException">VIR_ERR_BLOCK_COPY_ACTIVE or VIR_ERR_OPERATION_UNSUPPORTED: there is a job.</exception>
    public void RequireIdle(string target)
    {
        if (Find(target) is { } job)
        {
            throw VirException.Of(job.Plan.IsTwoPhase ? ErrorCode.BlockCopyActive : ErrorCode.OperationUnsupported, ErrorDomain.Test,
                $"disk '{target}' already in active block job");
        }
    }
}

/// <summary>A client wants to know when so many bytes of an image are written.</summary>
/// <param name="Device">The disk, or the image as <c>vda[3]</c>, in the client's words.</param>
/// <param name="Path">The image.</param>
/// <param name="Bytes">The threshold.</param>
internal sealed record BlockThreshold(string Device, string Path, ulong Bytes);
