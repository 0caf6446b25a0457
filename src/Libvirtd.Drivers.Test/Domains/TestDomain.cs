using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>One domain: its published view, and the lock that makes its changes follow each other. Nothing waits while it is held.</summary>
internal sealed class TestDomain(TestDomains owner, DomainView first, long number)
{
    private readonly Lock _writer = new();
    private DomainView _view = first;
    private DomainJobs? _jobs;

    public TestDomains Owner { get; } = owner;

    /// <summary>Its place in lists: domains stand in the order in which they were made.</summary>
    public long Number { get; } = number;

    public DomainView View => Volatile.Read(ref _view);

    /// <summary>Its job: made when somebody asks, since most domains never have one.</summary>
    public DomainJobs Jobs => _jobs ?? Interlocked.CompareExchange(ref _jobs, new DomainJobs(this), null) ?? _jobs!;

    /// <summary>Its backup, while one is under way.</summary>
    public BackupJob? Backup { get; set; }

    /// <summary>A job is under way on the domain.</summary>
    public bool HasJob => Volatile.Read(ref _jobs)?.Current is not null;

    /// <summary>Begins a change; dispose it to end it.</summary>
    public DomainEdit Edit()
    {
        _writer.Enter();
        return new DomainEdit(this);
    }

    internal void Set(DomainView view) => Volatile.Write(ref _view, view);

    internal void EndEdit() => _writer.Exit();
}

/// <summary>A change of one domain: publish first, then raise events; both happen in the order of the changes.</summary>
internal readonly ref struct DomainEdit(TestDomain domain)
{
    /// <summary>The domain as it is after what this change has published so far.</summary>
    public DomainView View => domain.View;

    /// <summary>The domain that is being changed.</summary>
    public TestDomain Domain => domain;

    /// <summary>Lets everybody see <paramref name="next"/>.</summary>
    public void Publish(DomainView next)
    {
        DomainView old = domain.View;
        next = domain.Owner.Host.BlockJobs.Follow(old, next);
        domain.Set(next);
        domain.Owner.IdChanged(domain, old.Definition.Id, next.Definition.Id);
        domain.Owner.Changed(old, next);
        domain.Owner.Host.BlockJobs.Followed(old, next);
    }

    /// <summary>Takes the domain off the host.</summary>
    public void Remove()
    {
        domain.Owner.Forget(domain);
        Publish(domain.View with { IsGone = true });
    }

    /// <summary>Raises a lifecycle event about the domain as it is now.</summary>
    public void Raise(DomainEventType type, int detail) => Raise(domain.View.Ref, type, detail);

    /// <summary>Raises a lifecycle event.</summary>
    public void Raise(DomainRef about, DomainEventType type, int detail)
    {
        if (Events.HasListeners)
            Events.Raise(new DomainLifecycleEvent { Dom = about, Event = (int)type, Detail = detail });
    }

    public EventHub Events => domain.Owner.Host.Events;

    public void Dispose() => domain.EndEdit();
}
