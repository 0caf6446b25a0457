using Libvirtd.Documents;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>What a job means for a disk: which images it takes from where to where, and what the chain is afterwards.</summary>
internal abstract record BlockJobPlan
{
    /// <summary>The name that errors give the job, made like QEMU's.</summary>
    public required string Name { get; init; }

    public abstract DomainBlockJobType Type { get; }

    /// <summary>The job ends only when somebody pivots or aborts.</summary>
    public virtual bool IsTwoPhase => false;

    /// <summary>Clients hear that all is moved.</summary>
    public virtual bool TellsReady => IsTwoPhase;

    /// <summary>What the disk shows as its &lt;mirror&gt; while it runs; null for none.</summary>
    public virtual DiskChain? Mirror => null;

    /// <summary>The image that is written to.</summary>
    public abstract ChainImage Written { get; }

    /// <summary>The chain that a chain becomes; null where it is not the chain that the job is about.</summary>
    public abstract DiskChain? Finish(DiskChain chain);

    /// <summary>Tells the host's files what the job has made of them.</summary>
    public abstract void Settle(TestImages images);

    /// <summary>The job has ended without changing the chain.</summary>
    /// <param name="images">The host's files.</param>
    /// <param name="isWhole">All was moved before.</param>
    public virtual void Undo(TestImages images, bool isWhole)
    {
    }

    /// <summary>All is moved, and the job waits for its end. The domain's edit is held.</summary>
    /// <returns>What is to be done when the edit has ended; null for nothing.</returns>
    public virtual Action? BecameReady(DomainEdit edit) => null;

    /// <summary>The job goes on until somebody ends it.</summary>
    public virtual bool IsEndless => false;

    /// <summary>The job has ended, and all has been told of it. The domain's edit is still held.</summary>
    public virtual void Ended(BlockJob job, ConnectDomainEventBlockJobStatus status)
    {
    }

    /// <summary>Files that are to be removed afterwards, unless somebody else needs them.</summary>
    public virtual IEnumerable<string> Unwanted => [];

    /// <summary>QEMU's name of an image.</summary>
    public static string NodeName(DiskChain chain, int place) =>
        $"libvirt-{(chain.Images[place].Index is > 0 and uint index ? index : (uint)place + 1)}-format";
}
