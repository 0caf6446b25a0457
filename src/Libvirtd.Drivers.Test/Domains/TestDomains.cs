using System.Collections.Concurrent;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>
/// The domains of a host. Lookups and lists take no lock; what adds or renames a domain takes a short one, always before the domain's own.
/// </summary>
internal sealed partial class TestDomains(TestHost host)
{
    private readonly Lock _structure = new();
    private readonly ConcurrentDictionary<Guid, TestDomain> _byUuid = new();
    private readonly ConcurrentDictionary<string, TestDomain> _byName = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<int, TestDomain> _byId = new();
    private TestDomain[]? _all;
    private long _lastNumber;
    private int _lastId;

    public TestHost Host { get; } = host;

    /// <summary>All domains in the order in which they were made. The array is shared: it is only read.</summary>
    public TestDomain[] All
    {
        get
        {
            TestDomain[]? all = Volatile.Read(ref _all);
            return all ?? Collect();
        }
    }

    /// <summary>References to all domains, for lists without a filter.</summary>
    public PublishedList<DomainRef> Refs { get; } = new();

    /// <summary>The usual statistics of all domains, for calls without a filter.</summary>
    public PublishedList<DomainStatsRecord> UsualStats { get; } = new();

    /// <summary>The state of all domains, for statistics without a filter.</summary>
    public PublishedList<DomainStatsRecord> States { get; } = new();

    public TestDomain? Find(Guid uuid) => _byUuid.GetValueOrDefault(uuid);

    public TestDomain? Find(string name) => _byName.GetValueOrDefault(name);

    public TestDomain? Find(int id) => _byId.GetValueOrDefault(id);

    /// <summary>The domain that a client's reference means: its uuid decides.</summary>
    /// <exception cref="VirException">There is none (VIR_ERR_NO_DOMAIN).</exception>
    public TestDomain Get(in DomainRef dom) => Find(dom.Uuid) ?? throw NoSuchDomain(dom);

    /// <summary>Begins a change of the domain that a client's reference means.</summary>
    /// <param name="dom">The reference.</param>
    /// <param name="change">What is to change: the domain's job may not let it happen meanwhile.</param>
    /// <exception cref="VirException">There is none (VIR_ERR_NO_DOMAIN), or its job is in the way (VIR_ERR_OPERATION_TIMEOUT).</exception>
    public DomainEdit Edit(in DomainRef dom, DomainChanges change = DomainChanges.Modify)
    {
        TestDomain domain = Get(dom);
        DomainEdit edit = domain.Edit();
        try
        {
            if (edit.View.IsGone)
                throw NoSuchDomain(dom);
            if (domain.HasJob)
                domain.Jobs.Require(change);
            return edit;
        }
        catch
        {
            edit.Dispose();
            throw;
        }
    }

    /// <summary>The number of the next life of a domain: 1 is the first.</summary>
    public int NextId() => Interlocked.Increment(ref _lastId);

    /// <summary>Changes the domain of this name and uuid, or adds it as the change makes it, and raises the event that tells of it.</summary>
    /// <param name="definition">What is being defined or started.</param>
    /// <param name="mustBeIdle">An existing domain may neither run nor be about to.</param>
    /// <param name="change">Makes the next view, from the present one or from that of a domain that is still to be added.</param>
    /// <exception cref="VirException">The name or the uuid belongs to another domain (VIR_ERR_OPERATION_FAILED).</exception>
    public DomainRef AddOrChange(DomainDefinition definition, bool mustBeIdle, ChangeDomain change)
    {
        lock (_structure)
        {
            if (Find(definition.Uuid) is { } existing)
            {
                using DomainEdit edit = existing.Edit();
                if (!edit.View.IsGone)
                {
                    CheckSame(edit.View, definition, mustBeIdle);
                    return Apply(edit, change(edit.View, isNew: false));
                }
            }

            if (Find(definition.Name) is { } namesake && namesake.View is { IsGone: false } other)
                throw Failed($"domain '{definition.Name}' already exists with uuid {other.Definition.Uuid:D}");
            TestDomain domain = new(this, new DomainView { Definition = definition }, ++_lastNumber);
            using DomainEdit first = domain.Edit();
            DomainChange added = change(domain.View, isNew: true);
            added = added with { View = Host.BlockJobs.Follow(null, added.View) };
            domain.Set(added.View);
            _byUuid[definition.Uuid] = domain;
            _byName[definition.Name] = domain;
            IdChanged(domain, -1, added.View.Definition.Id);
            Volatile.Write(ref _all, null);
            Changed(null, added.View);
            first.Raise(added.Event, added.Detail);
            return added.View.Ref;
        }
    }

    /// <summary>Gives a domain another name; <paramref name="check"/> may still refuse, and the new view is published between the two events.</summary>
    public void Rename(in DomainRef dom, string name, Action<DomainView> check)
    {
        lock (_structure)
        {
            TestDomain domain = Get(dom);
            using DomainEdit edit = Edit(dom);
            DomainView view = edit.View;
            check(view);
            if (_byName.ContainsKey(name))
                throw VirException.Of(ErrorCode.OperationInvalid, ErrorDomain.Domain, $"domain with name '{name}' already exists");
            if (name.Contains('/', StringComparison.Ordinal))
                throw VirException.Of(ErrorCode.XmlError, ErrorDomain.Test, $"name {name} cannot contain '/'");
            _byName[name] = domain;
            edit.Publish(view with { Definition = view.Definition.With(document => document.WithName(name)) });
            _byName.TryRemove(new(view.Definition.Name, domain));
            edit.Raise(view.Ref, DomainEventType.Undefined, (int)DomainEventUndefinedDetailType.Renamed);
            edit.Raise(DomainEventType.Defined, (int)DomainEventDefinedDetailType.Renamed);
        }
    }

    /// <summary>A domain's view was replaced, or a domain was added: lists that show it are made anew.</summary>
    internal void Changed(DomainView? old, DomainView view)
    {
        bool sameRef = old is not null && !view.IsGone && old.Definition.Id == view.Definition.Id && old.Definition.Name == view.Definition.Name;
        if (!sameRef)
            Refs.Invalidate();
        bool sameThreads = old is not null && ((!old.Definition.HasIoThreads && !view.Definition.HasIoThreads)
            || (ReferenceEquals(old.Definition, view.Definition) && ReferenceEquals(old.Run, view.Run)));
        bool sameState = sameRef && old!.State == view.State && old.Reason == view.Reason;
        if (!sameState)
            States.Invalidate();
        if (!sameState || !sameThreads)
            UsualStats.Invalidate();
        if (old is { IsActive: true } && (old.Definition.Id != view.Definition.Id || view.IsGone))
            Host.Consoles.HangUp(view.Definition.Uuid);
    }

    internal void IdChanged(TestDomain domain, int oldId, int newId)
    {
        bool isGone = domain.View.IsGone;
        if (oldId != -1 && (oldId != newId || isGone))
        {
            _byId.TryRemove(new(oldId, domain));
            Host.Agents.Stopped(domain.View.Definition.Uuid);
            Host.Migrations.Stopped(domain.View.Definition.Uuid);
        }

        if (newId != -1 && oldId != newId && !isGone)
        {
            _byId[newId] = domain;
            Host.Agents.Started(domain.View.Definition.Uuid);
        }
    }

    internal void Forget(TestDomain domain)
    {
        DomainDefinition definition = domain.View.Definition;
        _byUuid.TryRemove(new(definition.Uuid, domain));
        _byName.TryRemove(new(definition.Name, domain));
        Volatile.Write(ref _all, null);
    }

    private static DomainRef Apply(DomainEdit edit, DomainChange change)
    {
        edit.Publish(change.View);
        edit.Raise(change.Event, change.Detail);
        return change.View.Ref;
    }

    private static void CheckSame(DomainView view, DomainDefinition definition, bool mustBeIdle)
    {
        string name = view.Definition.Name;
        if (name != definition.Name)
            throw Failed($"domain '{name}' is already defined with uuid {view.Definition.Uuid:D}");
        if (!mustBeIdle)
            return;
        if (view.IsActive)
            throw VirException.Of(ErrorCode.OperationInvalid, ErrorDomain.Domain, $"domain '{name}' is already active");
        if (!view.IsPersistent)
            throw VirException.Of(ErrorCode.OperationInvalid, ErrorDomain.Domain, $"domain '{name}' is already being started");
    }

    private static VirException Failed(string detail) => VirException.Of(ErrorCode.OperationFailed, ErrorDomain.Domain, detail);

    private static VirException NoSuchDomain(in DomainRef dom) =>
        VirException.Of(ErrorCode.NoDomain, ErrorDomain.Test, $"no domain with matching uuid '{dom.Uuid:D}' ({dom.Name})");

    private TestDomain[] Collect()
    {
        // A domain that comes while we collect clears the field again: it is in the next array.
        lock (_structure)
        {
            TestDomain[] all = [.. _byUuid.Values];
            Array.Sort(all, static (a, b) => a.Number.CompareTo(b.Number));
            Volatile.Write(ref _all, all);
            return all;
        }
    }
}

/// <summary>A change of a domain, and the event that tells of it.</summary>
internal readonly record struct DomainChange(DomainView View, DomainEventType Event, int Detail);

/// <summary>Makes the next view of a domain that was found, or of one that is being added.</summary>
internal delegate DomainChange ChangeDomain(DomainView view, bool isNew);
