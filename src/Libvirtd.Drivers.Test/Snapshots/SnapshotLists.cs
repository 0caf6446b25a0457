using Libvirtd.Protocol;
using Flags = Libvirtd.Protocol.DomainSnapshotListFlags;

namespace Libvirtd.Drivers.Test;

/// <summary>The snapshots of the domains of <c>test:///</c>, for one connection. Each file holds one concern; this one finds and lists.</summary>
internal sealed partial class TestSnapshotDriver(TestDomains domains) : DomainSnapshotDriver
{
    public override ValueTask<int> Num(CallContext call, DomainRef dom, Flags flags) =>
        new(List(dom, flags, "testDomainSnapshotNum").Count);

    public override ValueTask<string[]> ListNames(CallContext call, DomainRef dom, Flags flags) =>
        new(Names(List(dom, flags, "testDomainSnapshotListNames")));

    public override ValueTask<DomainSnapshotRef[]> ListAllSnapshots(CallContext call, DomainRef dom, Flags flags) =>
        new(Refs(List(dom, flags, "testDomainListAllSnapshots"), dom));

    public override ValueTask<int> NumChildren(CallContext call, DomainSnapshotRef snap, Flags flags) =>
        new(ListChildren(snap, flags, "testDomainSnapshotNumChildren").Count);

    public override ValueTask<string[]> ListChildrenNames(CallContext call, DomainSnapshotRef snap, Flags flags) =>
        new(Names(ListChildren(snap, flags, "testDomainSnapshotListChildrenNames")));

    public override ValueTask<DomainSnapshotRef[]> ListAllChildren(CallContext call, DomainSnapshotRef snapshot, Flags flags) =>
        new(Refs(ListChildren(snapshot, flags, "testDomainSnapshotListAllChildren"), snapshot.Dom));

    public override ValueTask<DomainSnapshotRef> LookupByName(CallContext call, DomainRef dom, string name, uint flags)
    {
        FlagCheck.Require(flags, 0, "testDomainSnapshotLookupByName");
        return new(Ref(Find(View(dom), name), dom));
    }

    public override ValueTask<bool> HasCurrentSnapshot(CallContext call, DomainRef dom, uint flags)
    {
        FlagCheck.Require(flags, 0, "testDomainHasCurrentSnapshot");
        return new(View(dom).Snapshots.Current is not null);
    }

    public override ValueTask<DomainSnapshotRef> Current(CallContext call, DomainRef dom, uint flags)
    {
        FlagCheck.Require(flags, 0, "testDomainSnapshotCurrent");
        string name = View(dom).Snapshots.Current
            ?? throw VirException.Of(ErrorCode.NoDomainSnapshot, ErrorDomain.Test, "the domain does not have a current snapshot");
        return new(new DomainSnapshotRef { Name = name, Dom = dom });
    }

    public override ValueTask<DomainSnapshotRef> GetParent(CallContext call, DomainSnapshotRef snap, uint flags)
    {
        FlagCheck.Require(flags, 0, "testDomainSnapshotGetParent");
        SnapshotDefinition definition = Find(snap).Definition;
        string parent = definition.Parent
            ?? throw VirException.Of(ErrorCode.NoDomainSnapshot, ErrorDomain.Test, $"snapshot '{definition.Name}' does not have a parent");
        return new(new DomainSnapshotRef { Name = parent, Dom = snap.Dom });
    }

    public override ValueTask<bool> IsCurrent(CallContext call, DomainSnapshotRef snap, uint flags)
    {
        FlagCheck.Require(flags, 0, "testDomainSnapshotIsCurrent");
        DomainView view = View(snap.Dom);
        return new(Find(view, snap.Name).Name == view.Snapshots.Current);
    }

    public override ValueTask<bool> HasMetadata(CallContext call, DomainSnapshotRef snap, uint flags)
    {
        FlagCheck.Require(flags, 0, "testDomainSnapshotHasMetadata");
        Find(snap);
        return new(true);
    }

    public override ValueTask<string> GetXmlDesc(CallContext call, DomainSnapshotRef snap, DomainSnapshotXmlFlags flags)
    {
        FlagCheck.Require((uint)flags, (uint)DomainSnapshotXmlFlags.Secure, "testDomainSnapshotGetXMLDesc");
        return new(Find(snap).Definition.Text(flags, snap.Dom.Uuid));
    }

    private static string[] Names(List<SnapshotNode> nodes)
    {
        string[] names = new string[nodes.Count];
        for (int i = 0; i < names.Length; i++)
            names[i] = nodes[i].Name;
        return names;
    }

    private static DomainSnapshotRef[] Refs(List<SnapshotNode> nodes, DomainRef dom)
    {
        DomainSnapshotRef[] refs = new DomainSnapshotRef[nodes.Count];
        for (int i = 0; i < refs.Length; i++)
            refs[i] = Ref(nodes[i], dom);
        return refs;
    }

    private static DomainSnapshotRef Ref(SnapshotNode node, DomainRef dom) => new() { Name = node.Name, Dom = dom };

    private static SnapshotNode Find(DomainView view, string name) => view.Snapshots.Find(name)
        ?? throw VirException.Of(ErrorCode.NoDomainSnapshot, ErrorDomain.Test, $"no domain snapshot with matching name '{name}'");

    private SnapshotNode Find(in DomainSnapshotRef snap) => Find(View(snap.Dom), snap.Name);

    private DomainView View(in DomainRef dom) => domains.Get(dom).View;

    private List<SnapshotNode> List(in DomainRef dom, Flags flags, string function)
    {
        FlagCheck.Require((uint)flags, (uint)SnapshotFilter.All, function);
        return View(dom).Snapshots.List(null, flags);
    }

    private List<SnapshotNode> ListChildren(in DomainSnapshotRef snap, Flags flags, string function)
    {
        FlagCheck.Require((uint)flags, (uint)SnapshotFilter.All, function);
        DomainView view = View(snap.Dom);
        return view.Snapshots.List(Find(view, snap.Name), flags);
    }
}
