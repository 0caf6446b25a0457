using Libvirtd.Protocol;
using Flags = Libvirtd.Protocol.DomainCheckpointListFlags;

namespace Libvirtd.Drivers.Test;

/// <summary>The checkpoints of the domains of <c>test:///</c>, for one connection. Each file holds one concern; this one finds and lists.</summary>
internal sealed partial class TestCheckpointDriver(TestDomains domains) : DomainCheckpointDriver
{
    public override ValueTask<DomainCheckpointRef[]> ListAllCheckpoints(CallContext call, DomainRef dom, Flags flags)
    {
        RequireKnown(flags, "testDomainListAllCheckpoints");
        return new(List(View(dom), null, flags, dom));
    }

    public override ValueTask<DomainCheckpointRef[]> ListAllChildren(CallContext call, DomainCheckpointRef checkpoint, Flags flags)
    {
        RequireKnown(flags, "testDomainCheckpointListAllChildren");
        DomainView view = View(checkpoint.Dom);
        return new(List(view, Find(view, checkpoint.Name), flags, checkpoint.Dom));
    }

    public override ValueTask<DomainCheckpointRef> LookupByName(CallContext call, DomainRef dom, string name, uint flags)
    {
        FlagCheck.Require(flags, 0, "testDomainCheckpointLookupByName");
        return new(Ref(Find(View(dom), name), dom));
    }

    public override ValueTask<DomainCheckpointRef> GetParent(CallContext call, DomainCheckpointRef checkpoint, uint flags)
    {
        FlagCheck.Require(flags, 0, "testDomainCheckpointGetParent");
        CheckpointDefinition definition = Find(View(checkpoint.Dom), checkpoint.Name).Definition;
        string parent = definition.Parent
            ?? throw VirException.Of(ErrorCode.NoDomainCheckpoint, ErrorDomain.Test, $"checkpoint '{definition.Name}' does not have a parent");
        return new(new DomainCheckpointRef { Name = parent, Dom = checkpoint.Dom });
    }

    public override ValueTask<string> GetXmlDesc(CallContext call, DomainCheckpointRef checkpoint, DomainCheckpointXmlFlags flags)
    {
        const DomainCheckpointXmlFlags Known = DomainCheckpointXmlFlags.Secure | DomainCheckpointXmlFlags.NoDomain | DomainCheckpointXmlFlags.Size;
        FlagCheck.Require((uint)flags, (uint)Known, "testDomainCheckpointGetXMLDesc");
        DomainView view = View(checkpoint.Dom);
        CheckpointDefinition definition = Find(view, checkpoint.Name).Definition;
        if (flags.HasFlag(DomainCheckpointXmlFlags.Size) && !view.IsActive)
            throw VirException.Of(ErrorCode.OperationInvalid, ErrorDomain.Domain, "domain is not running");
        return new(definition.Text(flags, flags.HasFlag(DomainCheckpointXmlFlags.Size) ? CheckpointBitmaps.Sizes(Images, view, definition) : null));
    }

    private static void RequireKnown(Flags flags, string function) =>
        FlagCheck.Require((uint)flags, (uint)(Flags.Roots | Flags.Topological | Flags.Leaves | Flags.NoLeaves), function);

    private static DomainCheckpointRef[] List(DomainView view, CheckpointNode? from, Flags flags, DomainRef dom)
    {
        MomentQuery query = new(flags.HasFlag(Flags.Roots), flags.HasFlag(Flags.Topological), flags.HasFlag(Flags.Leaves), flags.HasFlag(Flags.NoLeaves));
        return [.. view.Checkpoints.List(from, query).Select(node => Ref(node, dom))];
    }

    private static DomainCheckpointRef Ref(CheckpointNode node, DomainRef dom) => new() { Name = node.Name, Dom = dom };

    private static CheckpointNode Find(DomainView view, string name) => view.Checkpoints.Find(name)
        ?? throw VirException.Of(ErrorCode.NoDomainCheckpoint, ErrorDomain.Test, $"no domain checkpoint with matching name '{name}'");

    private DomainView View(in DomainRef dom) => domains.Get(dom).View;
}
