using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>
/// All that is known of a domain at one instant. It never changes: getters and lists read it without a lock, a change makes another one.
/// </summary>
internal sealed record DomainView
{
    /// <summary>What runs, or what would be started: the one whose id tells whether the domain runs.</summary>
    public required DomainDefinition Definition { get; init; }

    /// <summary>What a running domain returns to when it stops; null where nothing has to be restored.</summary>
    public DomainDefinition? Pending { get; init; }

    public DomainState State { get; init; } = DomainState.Shutoff;

    /// <summary>Why it is in that state; the numbers depend on the state.</summary>
    public int Reason { get; init; }

    public bool IsPersistent { get; init; }

    public bool Autostart { get; init; }

    public bool HasManagedSave { get; init; }

    /// <summary>The domain is no longer among the host's domains.</summary>
    public bool IsGone { get; init; }

    public SnapshotTree Snapshots { get; init; } = SnapshotTree.Empty;

    public DomainMessages Messages { get; init; } = DomainMessages.None;

    public CheckpointTree Checkpoints { get; init; } = CheckpointTree.Empty;

    public GuestView Guest { get; init; } = GuestView.Fresh;

    public RunView Run { get; init; } = RunView.Fresh;

    /// <summary>The block jobs, and what else is known of the disks' images.</summary>
    public BlockState Blocks { get; init; } = BlockState.Empty;

    public KeptView Kept { get; init; } = KeptView.Empty;

    /// <summary>What the domain is configured to be, running or not.</summary>
    public DomainDefinition ConfigDefinition => IsActive && Pending is not null ? Pending : Definition;

    public bool IsActive => Definition.Id != -1;

    public DomainRef Ref => new() { Name = Definition.Name, Uuid = Definition.Uuid, Id = Definition.Id };

    /// <summary>The next life of the domain: it runs under <paramref name="id"/>, and a persistent one remembers its configuration.</summary>
    public DomainView Start(int id, DomainRunningReason reason) => this with
    {
        State = DomainState.Running,
        Reason = (int)reason,
        Definition = Definition.WithId(id),
        Pending = IsPersistent ? Pending ?? Definition.WithId(-1) : Pending,
        HasManagedSave = false,
        Run = RunView.Fresh,
    };

    /// <summary>The domain stops, and what it was configured to be is what it is. A transient one has nothing to return to: it goes away.</summary>
    public DomainView Stop(DomainShutoffReason reason) => this with
    {
        State = DomainState.Shutoff,
        Reason = (int)reason,
        Definition = Pending?.WithId(-1) ?? Definition,
        Pending = null,
    };

    public DomainView With(DomainState state, int reason) => this with { State = state, Reason = reason };

    /// <summary>
    /// Takes a new definition: a running domain keeps it for its next start. With <paramref name="live"/> an inactive domain is about to run it,
    /// and keeps what it had for afterwards.
    /// </summary>
    public DomainView Assign(DomainDefinition definition, bool live)
    {
        if (IsActive)
            return this with { Pending = definition };
        return live
            ? this with { Definition = definition, Pending = Pending ?? Definition }
            : this with { Definition = definition };
    }

    /// <summary>What <see cref="Assign"/> would replace; null where it replaces nothing.</summary>
    public DomainDefinition? Replaced => IsActive ? Pending : Definition;
}

/// <summary>What the guest inside remembers.</summary>
/// <param name="Seconds">Its clock.</param>
/// <param name="Nanoseconds">The rest of its clock.</param>
/// <param name="RootFrozen">The file system / is frozen.</param>
/// <param name="BootFrozen">The file system /boot is frozen.</param>
internal sealed record GuestView(long Seconds, uint Nanoseconds, bool RootFrozen, bool BootFrozen)
{
    /// <summary>The clock of a new guest stands at the same moment as in upstream's driver: 1989-11-17.</summary>
    public static GuestView Fresh { get; } = new(627319920, 0, false, false);
}
