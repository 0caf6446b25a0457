namespace Libvirtd.Documents;

/// <summary>
/// Prints a kept tree as libxml2's formatted dump does: double quotes, two spaces a level, and no layout inside an element that holds text.
/// </summary>
internal static class VerbatimWriter
{
    /// <summary>Prints a tree with its line end. Depth is bounded by the reader's.</summary>
    public static void Write(ref XmlText text, Node node, int indent)
    {
        text.Indent(indent);
        WriteNode(ref text, node, indent, true);
        text.Write('\n');
    }

    /// <summary>The tree alone, as a caller who asked for the metadata gets it.</summary>
    public static string ToText(Node node)
    {
        XmlText text = new(512);
        WriteNode(ref text, node, 0, true);
        return text.Finish();
    }

    private static void WriteNode(ref XmlText text, Node node, int indent, bool layout)
    {
        switch (node.Kind)
        {
            case NodeKind.Text:
                Escape(ref text, node.Text ?? "", false);
                return;
            case NodeKind.CData:
                text.Write("<![CDATA[");
                text.Write(node.Text ?? "");
                text.Write("]]>");
                return;
            case NodeKind.Comment:
                text.Write("<!--");
                text.Write(node.Text ?? "");
                text.Write("-->");
                return;
            case NodeKind.Instruction:
                text.Write("<?");
                text.Write(node.Name);
                text.Write(' ');
                text.Write(node.Text ?? "");
                text.Write("?>");
                return;
            default:
                WriteElement(ref text, node, indent, layout);
                return;
        }
    }

    private static void WriteElement(ref XmlText text, Node node, int indent, bool layout)
    {
        text.Write('<');
        text.Write(node.Name);
        WriteAttributes(ref text, node, true);
        WriteAttributes(ref text, node, false);
        if (node.ChildList.Count == 0)
        {
            text.Write("/>");
            return;
        }

        foreach (Node child in node.ChildList)
            layout &= child.Kind is not (NodeKind.Text or NodeKind.CData);
        text.Write('>');
        foreach (Node child in node.ChildList)
        {
            if (layout)
            {
                text.Write('\n');
                text.Indent(indent + 2);
            }

            WriteNode(ref text, child, indent + 2, layout);
        }

        if (layout)
        {
            text.Write('\n');
            text.Indent(indent);
        }

        text.Write("</");
        text.Write(node.Name);
        text.Write('>');
    }

    private static void WriteAttributes(ref XmlText text, Node node, bool declarations)
    {
        foreach (ref readonly NodeAttribute attribute in node.Attributes)
        {
            bool declares = attribute.Name == "xmlns" || attribute.Name.StartsWith("xmlns:", StringComparison.Ordinal);
            if (declares != declarations)
                continue;
            text.Write(' ');
            text.Write(attribute.Name);
            text.Write("=\"");
            Escape(ref text, attribute.Value, true);
            text.Write('"');
        }
    }

    private static void Escape(ref XmlText text, string value, bool attribute)
    {
        foreach (char c in value)
        {
            switch (c)
            {
                case '<':
                    text.Write("&lt;");
                    break;
                case '>':
                    text.Write("&gt;");
                    break;
                case '&':
                    text.Write("&amp;");
                    break;
                case '\r':
                    text.Write("&#13;");
                    break;
                case '"' when attribute:
                    text.Write("&quot;");
                    break;
                case '\n' when attribute:
                    text.Write("&#10;");
                    break;
                case '\t' when attribute:
                    text.Write("&#9;");
                    break;
                default:
                    text.Write(c);
                    break;
            }
        }
    }
}
