using System.Text.RegularExpressions;
using Libvirtd.Protocol;

namespace Libvirtd.Documents;

/// <summary>
/// The schema of checkpoints. They are validated whether the caller asks for it or not, so that it is the schema that keeps a name from leaving its
/// folder, and faults are told in the schema's words.
/// </summary>
internal static partial class CheckpointSchema
{
    private const string Root = "domaincheckpoint";

    public static void Check(Node raw)
    {
        foreach (ref readonly NodeAttribute attribute in raw.Attributes)
        {
            if (attribute.Name != "xmlns")
                throw SchemaValidator.Invalid($"{Root}.rng", $"Element {Root} failed to validate attributes");
        }

        HashSet<string> seen = new(StringComparer.Ordinal);
        foreach (Node child in raw.Children)
        {
            if (child.Kind != NodeKind.Element)
                continue;
            if (child.Name is not ("name" or "description" or "creationTime" or "disks" or "domain" or "parent"))
                throw SchemaValidator.Invalid($"{Root}.rng", $"Element {Root} has extra content: {child.Name}");
            if (!seen.Add(child.Name) || !IsValid(child))
                throw SchemaValidator.Invalid($"{Root}.rng", $"Extra element {child.Name} in interleave\nElement {Root} failed to validate content");
        }
    }

    private static bool IsValid(Node child) => child.Name switch
    {
        "name" => Name().IsMatch(child.Text ?? ""),
        "creationTime" => Number().IsMatch(child.Text ?? ""),
        "parent" => Elements(child) is [{ Name: "name" } name] && Name().IsMatch(name.Text ?? ""),
        "disks" => Elements(child) is { Count: > 0 } disks && disks.TrueForAll(IsDisk),
        _ => true, // the domain's own rules find its faults
    };

    private static bool IsDisk(Node disk)
    {
        if (disk.Name != "disk" || Elements(disk).Count > 0 || !DiskName().IsMatch(disk["name"] ?? ""))
            return false;
        foreach (ref readonly NodeAttribute attribute in disk.Attributes)
        {
            bool known = attribute.Name switch
            {
                "name" => true,
                "checkpoint" => attribute.Value is "no" or "bitmap",
                "bitmap" => disk["checkpoint"] != "no",
                "size" => disk["checkpoint"] != "no" && Number().IsMatch(attribute.Value),
                _ => false,
            };
            if (!known)
                return false;
        }

        return true;
    }

    private static List<Node> Elements(Node node) => [.. node.Children.Where(static child => child.Kind == NodeKind.Element)];

    [GeneratedRegex(@"\A[a-zA-Z0-9_\-][a-zA-Z0-9_\-.]*\z")]
    private static partial Regex Name();

    [GeneratedRegex(@"\A\s*[0-9]+\s*\z")]
    private static partial Regex Number();

    [GeneratedRegex(@"\A(?:(?:/|[a-zA-Z]:\\).+|(?:ioemu:)?(?:fd|hd|sd|vd|xvd|ubd)[a-zA-Z0-9_]+)\z")]
    private static partial Regex DiskName();
}
