using System.Xml;
using Libvirtd.Protocol;

namespace Libvirtd.Documents;

/// <summary>Changes what others keep in a document's <c>&lt;metadata&gt;</c>.</summary>
internal static class MetadataEditor
{
    /// <summary>Puts, replaces or (with a null text) removes the element of a namespace.</summary>
    /// <exception cref="VirException">The text is no XML, which is an error of <paramref name="domain"/>, or the key is no prefix.</exception>
    public static void Set(Node root, string uri, string? key, string? xml, ErrorDomain domain)
    {
        Node? metadata = root.Child("metadata");
        if (metadata is not null)
        {
            foreach (Node child in metadata.ChildList.ToArray())
            {
                if (child.Namespace == uri)
                    metadata.Remove(child);
            }
        }

        if (xml is null)
            return;
        Node element = DocumentReader.ReadVerbatim(xml, "(metadata_xml)", domain);
        if (key is not null && !IsPrefix(key))
            throw Fault.Internal(ErrorDomain.Xml, "failed to validate prefix for a new XML namespace");
        if (metadata is null)
        {
            metadata = new Node("metadata", root.Schema?.FindChild("metadata")) { IsVerbatim = true };
            root.Add(metadata);
        }

        metadata.Append(Qualify(element, uri, key ?? ""));
    }

    /// <summary>The element under the caller's prefix, which it declares; elements inside that have no namespace get the same.</summary>
    private static Node Qualify(Node element, string uri, string key)
    {
        Node renamed = Rename(element, uri, key);
        if (renamed["xmlns:" + key] is null)
            renamed.Append("xmlns:" + key, uri);
        return VerbatimTree.WithoutLayout(renamed);
    }

    private static bool IsPrefix(string key) => key.Length > 0 && XmlConvert.IsStartNCNameChar(key[0]) && key.All(XmlConvert.IsNCNameChar);

    private static Node Rename(Node node, string uri, string key)
    {
        if (node.Kind != NodeKind.Element)
            return node.Clone();
        bool plain = node.Namespace is null;
        Node renamed = new(plain ? $"{key}:{node.Name}" : node.Name) { Namespace = plain ? uri : node.Namespace };
        foreach (ref readonly NodeAttribute attribute in node.Attributes)
            renamed.Append(attribute.Name, attribute.Value);
        foreach (Node child in node.ChildList)
            renamed.Append(Rename(child, uri, key));
        return renamed;
    }
}
