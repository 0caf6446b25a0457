using System.Globalization;
using System.Xml;
using Libvirtd.Protocol;

namespace Libvirtd.Documents;

/// <summary>
/// The error for a text that is not well formed: where, what, the line, and a pointer into it, as libxml2 and libvirt print them.
/// The parser's own message tells where; a second, simple look at the text finds libxml2's words for what.
/// </summary>
internal static class XmlSyntaxFault
{
    private const int MaxContext = 4096;

    public static VirException Limit(string url, ErrorDomain domain, string what) =>
        VirException.Of(ErrorCode.XmlDetail, domain, $"{url}:1: {what}");

    public static VirException Describe(string xml, string url, ErrorDomain domain, XmlException error)
    {
        (int offset, string what) = Find(xml, error);
        int line = 1 + xml.AsSpan(0, Math.Min(offset, xml.Length)).Count('\n');
        int start = Math.Min(offset, xml.Length);
        while (start > 0 && start < xml.Length && xml[start] is '\n' or '\r')
            start--;
        while (start > 0 && (start == xml.Length || xml[start] is not ('\n' or '\r')))
            start--;
        if (start < xml.Length && xml[start] is '\n' or '\r')
            start++;
        int end = xml.AsSpan(start).IndexOfAny('\n', '\r');
        ReadOnlySpan<char> context = end < 0 ? xml.AsSpan(start) : xml.AsSpan(start, end);
        if (context.Length > MaxContext)
            context = context[..MaxContext];
        int column = Math.Clamp(offset - start, 0, context.Length);
        string pointer = string.Concat(context[..column].ToString().Select(static c => c == '\t' ? '\t' : '-')) + "^";
        return VirException.Of(ErrorCode.XmlDetail, domain, string.Create(CultureInfo.InvariantCulture, $"{url}:{line}: {what}\n{(context.IsEmpty ? "(null)" : context)}\n{pointer}"));
    }

    private static (int Offset, string What) Find(string xml, XmlException error)
    {
        Stack<(string Name, int Line)> open = new();
        int line = 1;
        int i = 0;
        bool rootSeen = false;
        while (i < xml.Length)
        {
            if (xml[i] != '<')
            {
                if (open.Count == 0 && !char.IsWhiteSpace(xml[i]) && xml[i] != '\uFEFF')
                    return (i, rootSeen ? "Extra content at the end of the document" : "Start tag expected, '<' not found");
                if (xml[i] == '\n')
                    line++;
                if (xml[i] == '&' && EntityFault(xml, ref i) is { } entity)
                    return (i, entity);
                i++;
                continue;
            }

            int start = i;
            if (!Skip(xml, ref i, out bool isTag))
                return Unfinished(xml, start, line, isTag);
            if (!isTag)
            {
                line += xml.AsSpan(start, i - start).Count('\n');
                continue;
            }

            if (xml.AsSpan(start).StartsWith("</"))
            {
                string name = NameAt(xml, start + 2);
                if (open.Count == 0)
                    return (start, "Extra content at the end of the document");
                (string Name, int Line) top = open.Pop();
                if (top.Name != name)
                    return (i, $"Opening and ending tag mismatch: {top.Name} line {top.Line} and {name}");
                continue;
            }

            if (open.Count == 0 && rootSeen)
                return (start, "Extra content at the end of the document");
            rootSeen = true;
            if (NameAt(xml, start + 1).Length == 0)
                return (start + 1, "StartTag: invalid element name");
            if (AttributeFault(xml, start + 1, i - 1) is { } fault)
                return fault;
            if (xml[i - 2] != '/')
                open.Push((NameAt(xml, start + 1), line));
            line += xml.AsSpan(start, i - start).Count('\n');
        }

        if (open.TryPeek(out var left))
            return (xml.Length, Premature(left));
        if (rootSeen)
            return (OffsetOf(xml, error), error.Message);
        return (xml.Length, xml.Length == 0 ? "Document is empty" : "Start tag expected, '<' not found");
    }

    /// <summary>What is wrong with the piece of markup that the text ends in.</summary>
    private static (int Offset, string What) Unfinished(string xml, int start, int line, bool isTag)
    {
        if (!isTag)
            return (xml.Length, "Comment not terminated");
        if (xml.AsSpan(start).StartsWith("</"))
            return (xml.Length, "expected '>'");
        string name = NameAt(xml, start + 1);
        if (name.Length == 0)
            return (start + 1, "StartTag: invalid element name");
        return AttributeFault(xml, start + 1, xml.Length) ?? (xml.Length, $"Couldn't find end of Start Tag {name} line {line}");
    }

    private static string Premature((string Name, int Line) open) => $"Premature end of data in tag {open.Name} line {open.Line}";

    /// <summary>Steps over one piece of markup; false where it never ends.</summary>
    private static bool Skip(string xml, ref int i, out bool isTag)
    {
        ReadOnlySpan<char> rest = xml.AsSpan(i);
        isTag = false;
        string? close = rest.StartsWith("<!--") ? "-->" : rest.StartsWith("<![CDATA[") ? "]]>" : rest.StartsWith("<?") ? "?>" : null;
        if (close is not null)
        {
            int at = rest.IndexOf(close);
            i = at < 0 ? xml.Length : i + at + close.Length;
            return at >= 0;
        }

        isTag = !rest.StartsWith("<!");
        char quote = '\0';
        for (int k = 1; k < rest.Length; k++)
        {
            if (quote != '\0')
                quote = rest[k] == quote ? '\0' : quote;
            else if (rest[k] is '"' or '\'')
                quote = rest[k];
            else if (rest[k] == '>')
            {
                i += k + 1;
                return true;
            }
        }

        i = xml.Length;
        return false;
    }

    private static string NameAt(string xml, int start)
    {
        int end = start;
        while (end < xml.Length && !char.IsWhiteSpace(xml[end]) && xml[end] is not ('>' or '/' or '=' or '<' or '"' or '\'' or '&'))
            end++;
        return xml[start..end];
    }

    private static (int Offset, string What)? AttributeFault(string xml, int start, int end)
    {
        int i = start + NameAt(xml, start).Length;
        HashSet<string> seen = new(StringComparer.Ordinal);
        while (i < end)
        {
            bool blank = char.IsWhiteSpace(xml[i]);
            while (i < end && char.IsWhiteSpace(xml[i]))
                i++;
            if (i >= end || xml[i] == '/')
                return null;
            string name = NameAt(xml, i);
            if (name.Length == 0 || !blank)
                return (i, name.Length == 0 ? $"Couldn't find end of Start Tag {NameAt(xml, start)} line {1 + xml.AsSpan(0, start).Count('\n')}" : "attributes construct error");
            i += name.Length;
            while (i < end && char.IsWhiteSpace(xml[i]))
                i++;
            if (i >= end || xml[i] != '=')
                return (i, $"Specification mandates value for attribute {name}");
            i++;
            while (i < end && char.IsWhiteSpace(xml[i]))
                i++;
            if (i >= end || xml[i] is not ('"' or '\''))
                return (i, "AttValue: \" or ' expected");
            int close = xml.IndexOf(xml[i], i + 1);
            int less = xml.IndexOf('<', i);
            if (less >= 0 && less < close)
                return (less, "Unescaped '<' not allowed in attributes values");
            for (int k = i; k < close; k++)
            {
                if (xml[k] == '&' && EntityFault(xml, ref k) is { } entity)
                    return (k, entity);
            }

            i = close + 1;
            if (!seen.Add(name))
                return (i, $"Attribute {name} redefined");
        }

        return null;
    }

    /// <summary>What is wrong with the reference that begins at <paramref name="i"/>, which is then moved to where libxml2 notices it.</summary>
    private static string? EntityFault(string xml, ref int i)
    {
        int start = i + 1;
        int end = start;
        while (end < xml.Length && (char.IsLetterOrDigit(xml[end]) || xml[end] is '#' or '-' or '_' or '.'))
            end++;
        string name = xml[start..end];
        if (name.Length == 0)
        {
            i = start;
            return "xmlParseEntityRef: no name";
        }

        if (end >= xml.Length || xml[end] != ';')
        {
            i = end;
            return name[0] == '#' ? "xmlParseCharRef: invalid decimal value" : "EntityRef: expecting ';'";
        }

        if (name[0] == '#' || name is "lt" or "gt" or "amp" or "quot" or "apos")
            return null;
        i = end + 1;
        return $"Entity '{name}' not defined";
    }

    private static int OffsetOf(string xml, XmlException error)
    {
        int offset = 0;
        for (int line = 1; line < error.LineNumber; line++)
        {
            int next = xml.IndexOf('\n', offset);
            if (next < 0)
                break;
            offset = next + 1;
        }

        return Math.Clamp(offset + error.LinePosition - 1, 0, xml.Length);
    }
}
