using Libvirtd.Documents;

namespace Libvirtd.Drivers.Test;

/// <summary>Reads and changes the chains of a domain's disks, as the domain runs and as it is configured.</summary>
internal static class DomainChains
{
    /// <summary>The disk with this target.</summary>
    public static Node? DiskByTarget(this DomainDocument document, string target)
    {
        foreach (DomainDisk disk in document.Disks)
        {
            if (disk.Target == target)
                return disk.Node;
        }

        return null;
    }

    /// <summary>The disk with this target or, for what begins with a slash, at this place, though its document may name a volume.</summary>
    public static DomainDisk? FindDisk(this TestImages images, DomainDefinition definition, string name)
    {
        if (definition.FindDisk(name) is { } found)
            return found;
        foreach (DomainDisk disk in definition.Document.Disks)
        {
            if (name.StartsWith('/') && disk.Type == "volume" && images.ChainOf(disk.Node).Active.Path == name)
                return disk;
        }

        return null;
    }

    /// <summary>
    /// Shows the whole chains of those disks of a running domain that have more than one image, and numbers the images that have no number. One that
    /// starts begins with 1, whatever numbers its document remembers.
    /// </summary>
    public static DomainView WithNumberedImages(this DomainView view, TestImages images, bool starts)
    {
        foreach (DomainDisk disk in view.Definition.Document.Disks)
        {
            if (disk.Source is null)
                continue;
            DiskChain chain = images.ChainOf(disk.Node);
            if (starts ? chain.Count > 1 || chain.LastIndex > 0 : chain.Count > 1 && chain.Images.Any(static image => image.Index == 0))
                view = view.ChangeLiveChain(images, disk.Target, _ => starts ? chain.WithoutIndexes() : chain);
        }

        return view;
    }

    /// <summary>Changes the chain of a running domain's disk. All images of the new one have numbers.</summary>
    /// <param name="view">The domain, which runs.</param>
    /// <param name="images">The host's files.</param>
    /// <param name="target">The disk; one that the domain does not have changes nothing.</param>
    /// <param name="change">Makes the new chain; null changes nothing.</param>
    public static DomainView ChangeLiveChain(this DomainView view, TestImages images, string target, Func<DiskChain, DiskChain?> change)
    {
        if (view.Definition.Document.DiskByTarget(target) is not { } disk || change(images.ChainOf(disk)) is not { } chain)
            return view;
        uint last = view.Blocks.LastIndex;
        DiskChain numbered = chain.WithIndexes(ref last);
        return view.ChangeLive(document => document.With(root => numbered.Write(DiskIn(root, target)))) with { Blocks = view.Blocks with { LastIndex = last } };
    }

    /// <summary>Changes the chain of a disk as it is configured. A chain that the document leaves to the files stays so where they tell it.</summary>
    /// <param name="view">The domain, running or not.</param>
    /// <param name="images">The host's files, which know of the change already.</param>
    /// <param name="target">The disk; one that the domain does not have changes nothing.</param>
    /// <param name="change">Makes the new chain; null changes nothing.</param>
    public static DomainView ChangeConfigChain(this DomainView view, TestImages images, string target, Func<DiskChain, DiskChain?> change)
    {
        if (view.ConfigDefinition.Document.DiskByTarget(target) is not { } disk || change(images.ChainOf(disk)) is not { } changed)
            return view;
        DiskChain chain = changed.WithoutIndexes();
        bool wasImplicit = disk.Child("backingStore") is null;
        return view.ChangeConfig(document => document.With(root =>
        {
            Node edited = DiskIn(root, target);
            if (wasImplicit)
            {
                new DiskChain(chain.Images[..1], isTerminated: false).Write(edited);
                if (images.ChainOf(edited).Images.SequenceEqual(chain.Images))
                    return;
            }

            chain.Write(edited);
        }));
    }

    /// <summary>Shows what a job of two phases writes to, or with null that there is no such job.</summary>
    public static DomainView WithMirror(this DomainView view, string target, DiskChain? mirror, string job = "copy", bool isReady = false) =>
        view.ChangeLive(document => document.With(root =>
        {
            Node disk = DiskIn(root, target);
            disk.RemoveAll("mirror");
            if (mirror is null)
                return;
            Node node = disk.Add("mirror");
            mirror.Write(node);
            if (job == "copy" && mirror.Active.DocumentType == "file")
            {
                node["file"] = mirror.Active.Path;
                node["format"] = mirror.Active.Format;
            }

            node["job"] = job;
            node["ready"] = isReady ? "yes" : null;
        }));

    private static Node DiskIn(Node root, string target) =>
        root.Child("devices")!.All("disk").First(disk => disk.Child("target")?["dev"] == target);
}
