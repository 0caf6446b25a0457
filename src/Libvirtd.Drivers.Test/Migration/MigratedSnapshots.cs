using Libvirtd.Documents;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>A domain's snapshots travel with it: their metadata, as a client would redefine them.</summary>
internal static class MigratedSnapshots
{
    /// <summary>The documents, parents first.</summary>
    public static string[] Texts(DomainView view) =>
    [
        .. view.Snapshots.All.OrderBy(node => Depth(view.Snapshots, node)).ThenBy(static node => node.Number)
            .Select(node => node.Definition.Text(DomainSnapshotXmlFlags.Secure, view.Definition.Uuid)),
    ];

    /// <summary>The tree with those that came along; who is there already stays as it is.</summary>
    public static SnapshotTree Merge(TestDomains domains, SnapshotTree tree, MigrationCookie? cookie)
    {
        if (cookie is null)
            return tree;
        foreach (string text in cookie.Snapshots)
        {
            SnapshotDefinition snapshot = new(domains.ParseSnapshot(text, DomainSnapshotCreateFlags.Redefine));
            if (tree.Find(snapshot.Name) is null)
                tree = tree.Add(snapshot);
        }

        return tree.Find(cookie.Current) is null ? tree : tree with { Current = cookie.Current };
    }

    private static int Depth(SnapshotTree tree, MomentNode<SnapshotDefinition> node)
    {
        int depth = 0;
        for (MomentNode<SnapshotDefinition>? parent = tree.Find(node.Parent); parent is not null; parent = tree.Find(parent.Parent))
            depth++;
        return depth;
    }
}
