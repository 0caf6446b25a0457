namespace Libvirtd.Documents;

/// <summary>How a document is to be printed.</summary>
[Flags]
public enum FormatFlags
{
    None = 0,

    /// <summary>Secrets too.</summary>
    Secure = 1,

    /// <summary>Without what only a running object has.</summary>
    Inactive = 2,

    /// <summary>For another host to read.</summary>
    Migratable = 8,
}

/// <summary>Prints a tree as libvirt does: two spaces a level, single quotes, short tags for what is empty.</summary>
internal static class DocumentWriter
{
    private const int InitialCapacity = 4096;

    public static string Write(Node root, FormatFlags flags = FormatFlags.None, int? id = null, int indent = 0)
    {
        XmlText text = new(InitialCapacity);
        Write(ref text, root, flags, indent, id);
        return text.Finish();
    }

    /// <summary>Prints an element and its line ends; nothing where the flags leave nothing of it.</summary>
    internal static void Write(ref XmlText text, Node node, FormatFlags flags, int indent, int? id = null)
    {
        if (!IsShown(node.Show, flags))
            return;
        if (node.IsVerbatim)
        {
            VerbatimWriter.Write(ref text, node, indent);
            return;
        }

        int start = text.Length;
        text.Indent(indent);
        text.Write('<');
        text.Write(node.Name);
        int named = text.Length;
        WriteAttributes(ref text, node, flags, id);
        bool bare = text.Length == named;
        if (node.Text is { } content)
        {
            text.Write('>');
            text.WriteEscaped(content);
            WriteEnd(ref text, node.Name);
            return;
        }

        int beforeChildren = text.Length;
        text.Write(">\n");
        int children = text.Length;
        foreach (Node child in node.ChildList)
            Write(ref text, child, flags, indent + 2);
        ElementSchema? schema = node.Schema;
        if (text.Length > children || schema is { AlwaysOpen: true })
        {
            text.Indent(indent);
            WriteEnd(ref text, node.Name);
        }
        else if (bare && schema is { OmitEmpty: true })
        {
            text.Length = start;
        }
        else
        {
            text.Length = beforeChildren;
            text.Write("/>\n");
        }
    }

    private static void WriteAttributes(ref XmlText text, Node node, FormatFlags flags, int? id)
    {
        foreach (ref readonly NodeAttribute attribute in node.Attributes)
        {
            if (!IsShown(attribute.Show, flags) || (id is not null && attribute.Name == "id"))
                continue;
            WriteAttribute(ref text, attribute.Name, attribute.Value);
            if (id is not null && attribute.Name == "type" && !flags.HasFlag(FormatFlags.Inactive))
            {
                text.Write(" id='");
                text.Write(id.Value);
                text.Write('\'');
            }
        }
    }

    private static void WriteAttribute(ref XmlText text, string name, string value)
    {
        text.Write(' ');
        text.Write(name);
        text.Write("='");
        text.WriteEscaped(value);
        text.Write('\'');
    }

    private static void WriteEnd(ref XmlText text, string name)
    {
        text.Write("</");
        text.Write(name);
        text.Write(">\n");
    }

    private static bool IsShown(Show show, FormatFlags flags) =>
        show == Show.Always
        || !((show.HasFlag(Show.Live) && flags.HasFlag(FormatFlags.Inactive))
            || (show.HasFlag(Show.Secure) && !flags.HasFlag(FormatFlags.Secure))
            || (show.HasFlag(Show.NotMigratable) && flags.HasFlag(FormatFlags.Migratable))
            || (show.HasFlag(Show.OnlyMigratable) && !flags.HasFlag(FormatFlags.Migratable)));
}
