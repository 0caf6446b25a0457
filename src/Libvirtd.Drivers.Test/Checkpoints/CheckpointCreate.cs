using Libvirtd.Documents;
using Libvirtd.Protocol;
using Flags = Libvirtd.Protocol.DomainCheckpointCreateFlags;

namespace Libvirtd.Drivers.Test;

internal sealed partial class TestCheckpointDriver
{
    private TestImages Images => domains.Host.Images;

    public override ValueTask<DomainCheckpointRef> CreateXml(CallContext call, DomainRef dom, string xmlDesc, Flags flags)
    {
        FlagCheck.Require((uint)flags, (uint)(Flags.Redefine | Flags.Quiesce), "testDomainCheckpointCreateXML", beyond: (uint)Flags.RedefineValidate);
        bool isRedefined = flags.HasFlag(Flags.Redefine);
        using DomainEdit edit = domains.Edit(dom);
        DomainView view = edit.View;
        if (view.Snapshots.Count > 0)
            throw Unsupported("cannot create checkpoint while snapshot exists");
        if (!view.IsActive)
            throw Unsupported("cannot create checkpoint for inactive domain");
        DomainCheckpointDocument document = domains.ParseCheckpoint(xmlDesc, isRedefined);
        edit.Publish(isRedefined ? Redefine(view, document, flags) : Add(Images, view, document));
        return new(new DomainCheckpointRef { Name = document.Name, Dom = dom });
    }

    /// <summary>A checkpoint of the domain as it is now, below the current one, which it replaces as such.</summary>
    /// <exception cref="VirException">Its disks or its name cannot be.</exception>
    public static DomainView Add(TestImages images, DomainView view, DomainCheckpointDocument document)
    {
        CheckpointTree tree = view.Checkpoints;
        DomainDocument domain = DomainCopy.Of(view.Definition.Document);
        CheckpointDefinition added = new(document.WithDomain(domain).WithAlignedDisks(domain).WithParent(tree.Current));
        tree = tree.Add(added) with { Current = added.Name };
        CheckpointBitmaps.Add(images, view, added);
        return view with { Checkpoints = tree };
    }

    /// <summary>A checkpoint that was made elsewhere or earlier: the document is taken at its word.</summary>
    private DomainView Redefine(DomainView view, DomainCheckpointDocument document, Flags flags)
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
        if (flags.HasFlag(Flags.RedefineValidate))
            CheckpointBitmaps.Require(Images, view, redefined);
        tree = tree.Find(redefined.Name) is null ? tree.Add(redefined) : tree.Replace(redefined);
        return view with { Checkpoints = isCurrent ? tree with { Current = redefined.Name } : tree };
    }

    private static VirException Unsupported(string detail) => VirException.Of(ErrorCode.OperationUnsupported, ErrorDomain.Test, detail);
}
