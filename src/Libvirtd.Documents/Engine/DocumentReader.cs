using System.Xml;
using Libvirtd.Protocol;

namespace Libvirtd.Documents;

/// <summary>Reads a text into a tree, under <see cref="DocumentLimits"/>. Document types are refused: nothing here expands entities.</summary>
internal static class DocumentReader
{
    private static readonly XmlReaderSettings s_settings = new()
    {
        DtdProcessing = DtdProcessing.Prohibit,
        XmlResolver = null,
        MaxCharactersInDocument = DocumentLimits.MaxCharacters,
        CheckCharacters = true,
        CloseInput = false,
    };

    /// <summary>The root element. A text that is no XML is VIR_ERR_XML_DETAIL, with libxml2's words where we know them.</summary>
    /// <param name="xml">The text.</param>
    /// <param name="url">What upstream calls the text in its errors, such as <c>(domain_definition)</c>.</param>
    /// <param name="domain">Whose error a malformed text is.</param>
    public static Node Read(string xml, string url, ErrorDomain domain) => Read(xml, url, domain, verbatim: false);

    /// <summary>The root element with all that stands in it, for what is kept word for word.</summary>
    public static Node ReadVerbatim(string xml, string url, ErrorDomain domain) => Read(xml, url, domain, verbatim: true);

    private static Node Read(string xml, string url, ErrorDomain domain, bool verbatim)
    {
        if (xml.Length > DocumentLimits.MaxCharacters)
            throw XmlSyntaxFault.Limit(url, domain, "document too large");
        try
        {
            using XmlReader reader = XmlReader.Create(new StringReader(xml), s_settings);
            return ReadRoot(reader, url, domain, verbatim ? 1 : int.MaxValue);
        }
        catch (XmlException e)
        {
            throw XmlSyntaxFault.Describe(xml, url, domain, e);
        }
    }

    /// <summary>The root element, which must have that name and, where a schema is named, keep to it: see <see cref="SchemaValidator"/>.</summary>
    public static Node Read(string xml, string url, ErrorDomain domain, string rootName, string? schema = null)
    {
        Node root = Read(xml, url, domain);
        if (root.Name != rootName || root.Namespace is not null)
            throw Fault.Xml(ErrorDomain.Xml, $"expecting root element of '{rootName}', not '{root.Name}'");
        if (schema is not null)
            SchemaValidator.Check(root, schema);
        return root;
    }

    private static Node ReadRoot(XmlReader reader, string url, ErrorDomain domain, int verbatimDepth)
    {
        Stack<Node> open = new();
        Node? root = null;
        int elements = 0;
        while (reader.Read())
        {
            switch (reader.NodeType)
            {
                case XmlNodeType.Element:
                    if (++elements > DocumentLimits.MaxElements)
                        throw XmlSyntaxFault.Limit(url, domain, "too many elements");
                    if (open.Count >= DocumentLimits.MaxDepth)
                        throw XmlSyntaxFault.Limit(url, domain, "Excessive depth in document: 256 use XML_PARSE_HUGE option");
                    bool isEmpty = reader.IsEmptyElement;
                    Node node = ReadElement(reader, url, domain, out List<(string Prefix, string Space)>? prefixes);
                    if (prefixes is not null && open.Count >= verbatimDepth)
                        Declare(prefixes, node, [.. open], verbatimDepth);
                    if (open.TryPeek(out Node? parent))
                        parent.Append(node);
                    else
                        root = node;
                    if (isEmpty)
                        break;
                    open.Push(node);
                    if (node.Name == "metadata" && verbatimDepth == int.MaxValue)
                        verbatimDepth = open.Count;
                    break;
                case XmlNodeType.EndElement:
                    Close(open.Pop());
                    if (open.Count < verbatimDepth)
                        verbatimDepth = int.MaxValue;
                    break;
                case XmlNodeType.Text or XmlNodeType.CDATA or XmlNodeType.Whitespace or XmlNodeType.SignificantWhitespace:
                    if (!open.TryPeek(out Node? holder))
                        break;
                    if (open.Count >= verbatimDepth)
                        holder.Append(Piece(reader.NodeType == XmlNodeType.CDATA ? NodeKind.CData : NodeKind.Text, "", reader.Value));
                    else
                        holder.Text = holder.Text is null ? reader.Value : holder.Text + reader.Value;
                    break;
                case XmlNodeType.Comment or XmlNodeType.ProcessingInstruction when open.Count >= verbatimDepth:
                    open.Peek().Append(Piece(reader.NodeType == XmlNodeType.Comment ? NodeKind.Comment : NodeKind.Instruction, reader.Name, reader.Value));
                    break;
                default:
                    break;
            }
        }

        return root!;
    }

    private static Node Piece(NodeKind kind, string name, string text) => new(name) { Kind = kind, Text = text };

    /// <summary>A prefix of an attribute that was declared further up is declared at the root of what is kept, as libxml2 does it.</summary>
    private static void Declare(List<(string Prefix, string Space)> prefixes, Node node, Node[] open, int verbatimDepth)
    {
        Node root = open[^verbatimDepth];
        foreach ((string prefix, string space) in prefixes)
        {
            string name = "xmlns:" + prefix;
            if (!node.Has(name) && !Array.Exists(open[..^(verbatimDepth - 1)], one => one.Has(name)))
                root.Append(name, space);
        }
    }

    private static Node ReadElement(XmlReader reader, string url, ErrorDomain domain, out List<(string Prefix, string Space)>? prefixes)
    {
        prefixes = null;
        Node node = new(reader.Name) { Namespace = reader.NamespaceURI.Length == 0 ? null : reader.NamespaceURI };
        if (reader.AttributeCount == 0)
            return node;
        if (reader.AttributeCount > DocumentLimits.MaxAttributes)
            throw XmlSyntaxFault.Limit(url, domain, "too many attributes");
        while (reader.MoveToNextAttribute())
        {
            node.Append(reader.Name, reader.Value);
            if (reader.Prefix is { Length: > 0 } prefix and not ("xmlns" or "xml"))
                (prefixes ??= []).Add((prefix, reader.NamespaceURI));
        }

        return node;
    }

    /// <summary>White space around child elements is layout, not text.</summary>
    private static void Close(Node node)
    {
        if (node.Text is { } text && node.ChildList.Count > 0 && string.IsNullOrWhiteSpace(text))
            node.Text = null;
    }
}
