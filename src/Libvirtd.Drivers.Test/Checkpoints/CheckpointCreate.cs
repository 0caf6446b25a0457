using Libvirtd.Documents;
using Libvirtd.Protocol;
using Flags = Libvirtd.Protocol.DomainCheckpointCreateFlags;

namespace Libvirtd.Drivers.Test;

internal sealed partial class TestCheckpointDriver
{
    public override ValueTask<DomainCheckpointRef> CreateXml(CallContext call, DomainRef dom, string xmlDesc, Flags flags)
    {
        FlagCheck.Require((uint)flags, (uint)(Flags.Redefine | Flags.Quiesce | Flags.RedefineValidate), "testDomainCheckpointCreateXML");
        bool isRedefined = flags.HasFlag(Flags.Redefine);
        using DomainEdit edit = domains.Edit(dom);
        DomainView view = edit.View;
        if (view.Snapshots.Count > 0)
            throw Unsupported("cannot create checkpoint while snapshot exists");
        if (!view.IsActive)
            throw Unsupported("cannot create checkpoint for inactive domain");
        DomainCheckpointDocument document = domains.ParseCheckpoint(xmlDesc, isRedefined);
        edit.Publish(isRedefined ? view with { Checkpoints = Redefine(view, document) } : Add(view, document));
        return new(new DomainCheckpointRef { Name = document.Name, Dom = dom });
    }

    /// <summary>A checkpoint of the domain as it is now, below the current one, which it replaces as such.</summary>
    public static DomainView Add(DomainView view, DomainCheckpointDocument document)
    {
        CheckpointTree tree = view.Checkpoints;
        DomainDocument domain = view.Definition.Document;
        CheckpointDefinition added = new(document.WithDomain(domain).WithAlignedDisks(domain).WithParent(tree.Current));
        return view with { Checkpoints = tree.Add(added) with { Current = added.Name } };
    }

    /// <summary>A checkpoint that was made elsewhere or earlier: the document is taken at its word.</summary>
    private static CheckpointTree Redefine(DomainView view, DomainCheckpointDocument document)
    {
        CheckpointTree tree = view.Checkpoints;
        tree.CheckParent(document.Name, document.ParentName);
        if (document.Domain is { } domain)
        {
            if (domain.Uuid != view.Definition.Uuid)
            {
                throw VirException.Of(ErrorCode.InvalidArg, ErrorDomain.DomainCheckpoint,
                    $"definition for checkpoint {document.Name} must use uuid {view.Definition.Uuid:D}");
            }

            document = document.WithAlignedDisks(domain);
        }

        // Told in the order of their birth, as a list in topological order gives them, the last one is current again.
        bool isCurrent = tree.Current is null || document.ParentName == tree.Current;
        CheckpointDefinition redefined = new(document);
        tree = tree.Find(redefined.Name) is null ? tree.Add(redefined) : tree.Replace(redefined);
        return isCurrent ? tree with { Current = redefined.Name } : tree;
    }

    private static VirException Unsupported(string detail) => VirException.Of(ErrorCode.OperationUnsupported, ErrorDomain.Test, detail);
}
