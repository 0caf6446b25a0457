using Libvirtd.Documents;
using Libvirtd.Protocol;
using Create = Libvirtd.Protocol.DomainSnapshotCreateFlags;
using Delete = Libvirtd.Protocol.DomainSnapshotDeleteFlags;
using Revert = Libvirtd.Protocol.DomainSnapshotRevertFlags;

namespace Libvirtd.Drivers.Test.Tests;

/// <summary>Whatever is done to a tree of snapshots, no image that somebody needs is lost or written to.</summary>
public sealed class SnapshotPropertyTests
{
    private const int Steps = 60;

    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 60)];

    [Theory, MemberData(nameof(Seeds))]
    public void Any_sequence_keeps_tree_chains_and_images_whole(int seed)
    {
        Random random = new(seed);
        SnapshotLab lab = new(isRunning: random.Next(2) == 0);
        DomainRef other = lab.Define("other", "/i/other");
        for (int step = 0; step < Steps; step++)
        {
            DomainView before = lab.View;
            Dictionary<string, ImageFile> files = new(lab.Host.Images.Files);
            string what = Act(lab, random, step);
            string context = $"seed {seed}, step {step}: {what}\n{lab.Tree}\n{lab.Chain}";
            CheckTree(lab, context);
            CheckImages(lab, before, files, context);
        }

        foreach (MomentNode<SnapshotDefinition> root in lab.View.Snapshots.List(null, DomainSnapshotListFlags.Roots))
            lab.Remove(root.Name, Delete.Children);
        Assert.Equal("", lab.Tree);
        Assert.Equal("/i/other", lab.Host.Domains.Get(other).View.Definition.Document.Disks.First().Source);
        // What is left over of all this is what the domain stands on.
        Assert.All(lab.Files.Split(' ', StringSplitOptions.RemoveEmptyEntries), file => Assert.Contains(file, lab.Chain, StringComparison.Ordinal));
    }

    private static string Act(SnapshotLab lab, Random random, int step)
    {
        string[] names = [.. lab.View.Snapshots.All.Select(static node => node.Name).Order()];
        string any = names.Length == 0 ? "" : names[random.Next(names.Length)];
        string name = $"n{step}";
        switch (random.Next(names.Length == 0 ? 3 : 10))
        {
            case 0:
                lab.Internal(name);
                return $"internal {name}";
            case 1:
                lab.External(name, random.Next(4) == 0 && lab.View.IsActive ? Create.Halt : 0);
                return $"external {name}";
            case 2:
                if (lab.View.IsActive)
                    lab.Make($"<name>{name}</name><memory file='/m/{name}'/>", 0);
                else
                    lab.Domains.Create(FakeCall.Instance, lab.Dom);
                return $"memory {name}";
            case 3 or 4 or 5:
                Revert revert = (Revert)random.Next(3);
                lab.RevertTo(any, revert);
                return $"revert {any} {revert}";
            case 6:
                lab.Remove(any, Delete.Children);
                return $"delete {any} and below";
            case 7:
                lab.Remove(any, Delete.ChildrenOnly);
                return $"delete below {any}";
            default:
                lab.Remove(any);
                return $"delete {any}";
        }
    }

    private static void CheckTree(SnapshotLab lab, string context)
    {
        MomentTree<SnapshotDefinition> tree = lab.View.Snapshots;
        Assert.True(tree.Current is null || tree.Find(tree.Current) is not null, context);
        Assert.Equal(tree.Count, tree.List(null, DomainSnapshotListFlags.Topological).Count);
        foreach (MomentNode<SnapshotDefinition> node in tree.All)
        {
            Assert.True(node.Parent == node.Definition.Parent, context);
            Assert.True(node.Parent is null || tree.Find(node.Parent)!.Children.Contains(node.Name), context);
        }
    }

    private static void CheckImages(SnapshotLab lab, DomainView before, Dictionary<string, ImageFile> files, string context)
    {
        TestImages images = lab.Host.Images;
        ImageHolders holders = ImageHolders.Of(images, lab.View, null);
        foreach (ImageHolder holder in holders.All)
        {
            // Each chain goes down to the base, each file knows the one below it, and none was removed.
            Assert.True(holder.Chain.Base.Path == "/i/base" || !holder.Chain.Base.Path!.StartsWith("/i/base.n", StringComparison.Ordinal), $"{context}\n{holder.Chain}");
            for (int i = 0; i + 1 < holder.Chain.Count; i++)
            {
                Assert.True(images.Files.TryGetValue(holder.Chain.Images[i].Path!, out ImageFile? file), $"{context}\nlost {holder.Chain.Images[i]} of {holder.Chain}");
                Assert.True(file.BackingPath == holder.Chain.Images[i + 1].Path, $"{context}\n{file.Path} lies on {file.BackingPath}, not as in {holder.Chain}");
            }
        }

        // What a snapshot has frozen was not written to: the chain of a snapshot that is still there reads the same bytes.
        foreach (ImageFile changed in images.Files.Values.Where(file => files.TryGetValue(file.Path, out ImageFile? old) && old.Allocation != file.Allocation))
        {
            foreach (MomentNode<SnapshotDefinition> node in lab.View.Snapshots.All.Where(node => before.Snapshots.Find(node.Name) is not null))
            {
                bool wasFrozen = node.Definition.PlaceOf("vda") == "external"
                    && images.FindChain(before.Snapshots.Find(node.Name)!.Definition.Document.Domain, "vda")!.Active.Path == changed.Path;
                Assert.False(wasFrozen, $"{context}\n{changed.Path} of {node.Name} was written to");
            }
        }

        // A domain never writes to what a snapshot keeps.
        string active = images.FindChain(lab.View.Definition.Document, "vda")!.Active.Path!;
        Assert.False(lab.View.Snapshots.All.Any(node => node.Definition.PlaceOf("vda") == "external"
            && images.FindChain(node.Definition.Document.Domain, "vda")!.IndexOfPath(active) >= 0), $"{context}\nwrites to {active}");
        Assert.False(holders.All.Any(holder => holder.Chain.IndexOfPath(active) > 0), $"{context}\nwrites to {active}");
    }
}
