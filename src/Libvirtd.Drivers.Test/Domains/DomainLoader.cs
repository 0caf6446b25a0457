using Libvirtd.Documents;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>The domains that a host begins with.</summary>
internal sealed partial class TestDomains
{
    public void Load(TestDocument document)
    {
        foreach (Documents.TestDomain domain in document.Domains)
            Load(domain);
    }

    private void Load(Documents.TestDomain domain)
    {
        DomainDefinition definition = new(domain.Document);
        DomainState state = (DomainState)domain.RunState;
        SnapshotTree tree = BuildTree(domain);
        AddOrChange(definition, mustBeIdle: false, (view, isNew) =>
        {
            view = (isNew ? view : view.Assign(definition, live: false)) with
            {
                IsPersistent = !domain.IsTransient,
                HasManagedSave = domain.HasManagedSave,
                Snapshots = tree,
                Messages = DomainMessages.Of(domain.Document),
            };
            if (state != DomainState.Shutoff)
                view = view.Start(NextId(), DomainRunningReason.Booted);
            return new DomainChange(view.With(state, 0), DomainEventType.Defined, (int)DomainEventDefinedDetailType.Added);
        });
    }

    /// <summary>A child may stand before its parent: those whose parent is there go first.</summary>
    private static SnapshotTree BuildTree(Documents.TestDomain domain)
    {
        List<SnapshotDefinition> waiting = [];
        HashSet<string> names = new(StringComparer.Ordinal);
        foreach (DomainSnapshotDocument document in domain.Snapshots)
        {
            if (!names.Add(document.Name))
                throw VirException.Of(ErrorCode.OperationFailed, ErrorDomain.Domain, $"domain moment {document.Name} already exists");
            waiting.Add(new SnapshotDefinition(document));
        }

        SnapshotTree tree = SnapshotTree.Empty;
        while (waiting.Count > 0)
        {
            List<SnapshotDefinition> ready = waiting.FindAll(one => one.Parent is null || tree.Find(one.Parent) is not null);
            if (ready.Count == 0)
            {
                throw VirException.Internal(ErrorDomain.Test,
                    $"Snapshots have inconsistent relations for domain {domain.Document.Name}");
            }

            foreach (SnapshotDefinition one in ready)
                tree = tree.Add(one);
            waiting.RemoveAll(ready.Contains);
        }

        return tree with { Current = domain.Snapshots.FirstOrDefault(static one => one.IsCurrent)?.Name };
    }
}
