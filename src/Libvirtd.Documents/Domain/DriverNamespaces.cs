namespace Libvirtd.Documents;

/// <summary>What a driver has of its own in a domain's document, under its own namespace: kept in order, and printed at the domain's end.</summary>
internal static class DriverNamespaces
{
    public static void Keep(Node raw, Node root, IReadOnlyDictionary<string, string> namespaces)
    {
        foreach ((string prefix, string uri) in namespaces)
        {
            bool any = false;
            foreach (Node child in raw.Children)
            {
                if (child.Namespace != uri)
                    continue;
                any = true;
                root.Append(Rename(child, prefix, uri));
            }

            if (any)
                root.Append("xmlns:" + prefix, uri);
        }
    }

    /// <summary>The element under the driver's own prefix; what is not the driver's is left out.</summary>
    private static Node Rename(Node node, string prefix, string uri)
    {
        Node renamed = new($"{prefix}:{node.Name[(node.Name.IndexOf(':', StringComparison.Ordinal) + 1)..]}") { Namespace = uri };
        foreach (ref readonly NodeAttribute attribute in node.Attributes)
        {
            if (!attribute.Name.StartsWith("xmlns", StringComparison.Ordinal))
                renamed.Append(attribute.Name, attribute.Value);
        }

        foreach (Node child in node.Children)
        {
            if (child.Namespace == uri)
                renamed.Append(Rename(child, prefix, uri));
        }

        if (renamed.Children.Count == 0 && node.Text is { } text)
            renamed.Text = text;
        return renamed;
    }
}
