using System.Collections.Generic;
using System.Linq;
using System.Text;
using System.Text.RegularExpressions;

namespace Libvirtd.Protocol.Generator.Model;

/// <summary>The one place where names of the C protocol become names of C#, or of the public C API.</summary>
public static class Names
{
    private static readonly Dictionary<string, string> s_renamed = new()
    {
        ["virErrorNumber"] = "ErrorCode",
    };

    // How the public C functions spell a word of a procedure's name.
    private static readonly Dictionary<string, string> s_apiWords = new()
    {
        ["CPU"] = "CPU",
        ["DHCP"] = "DHCP",
        ["FD"] = "FD",
        ["ID"] = "ID",
        ["MAC"] = "MAC",
        ["NMI"] = "NMI",
        ["OS"] = "OS",
        ["PM"] = "PM",
        ["SCSI"] = "SCSI",
        ["SEV"] = "SEV",
        ["SSH"] = "SSH",
        ["URI"] = "URI",
        ["UUID"] = "UUID",
        ["WWN"] = "WWN",
        ["XML"] = "XML",
        ["FSFREEZE"] = "FSFreeze",
        ["FSINFO"] = "FSInfo",
        ["FSTHAW"] = "FSThaw",
        ["FSTRIM"] = "FSTrim",
        ["IOTHREAD"] = "IOThread",
        ["NWFILTER"] = "NWFilter",
        ["NWFILTERS"] = "NWFilters",
    };

    private static readonly Regex s_words = new("[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z0-9]+|[A-Z]+[0-9]*|[0-9]+", RegexOptions.CultureInvariant);

    /// <summary>Words that the field writes with two capitals.</summary>
    private static readonly Dictionary<string, string> s_twoCapitals = new() { ["nwfilter"] = "NwFilter", ["nwfilters"] = "NwFilters" };

    private static readonly HashSet<string> s_keywords = new()
    {
        "abstract", "as", "base", "bool", "break", "byte", "case", "catch", "char", "checked", "class", "const", "continue", "decimal", "default",
        "delegate", "do", "double", "else", "enum", "event", "explicit", "extern", "false", "finally", "fixed", "float", "for", "foreach", "goto",
        "if", "implicit", "in", "int", "interface", "internal", "is", "lock", "long", "namespace", "new", "null", "object", "operator", "out",
        "override", "params", "private", "protected", "public", "readonly", "ref", "return", "sbyte", "sealed", "short", "sizeof", "stackalloc",
        "static", "string", "struct", "switch", "this", "throw", "true", "try", "typeof", "uint", "ulong", "unchecked", "unsafe", "ushort", "using",
        "virtual", "void", "volatile", "while",
    };

    /// <summary><c>max_names</c> and <c>MAX_NAMES</c> become <c>MaxNames</c>; <c>callbackID</c> becomes <c>CallbackID</c>.</summary>
    public static string Pascal(string name)
    {
        StringBuilder text = new();
        foreach (string word in name.Split('_').Where(word => word.Length > 0))
            text.Append(Title(word));
        if (text.Length == 0 || char.IsDigit(text[0]))
            text.Insert(0, '_');
        return text.ToString();
    }

    /// <summary>As <see cref="Pascal"/>, with a small first letter; a word of C# gets an @.</summary>
    public static string Camel(string name)
    {
        string pascal = Pascal(name);
        string camel = char.ToLowerInvariant(pascal[0]) + pascal.Substring(1);
        return s_keywords.Contains(camel) ? "@" + camel : camel;
    }

    /// <summary>
    /// <c>remote_nonnull_domain</c> becomes <c>DomainRef</c>, <c>remote_domain_get_info_ret</c> <c>DomainGetInfoRet</c>, <c>virDomainXMLFlags</c>
    /// <c>DomainXmlFlags</c>; types of other programs keep the program's name: <c>QemuDomainAttachArgs</c>.
    /// </summary>
    public static string Type(string name)
    {
        if (s_renamed.TryGetValue(name, out string? renamed))
            return renamed;
        if (name.StartsWith("vir", System.StringComparison.Ordinal) && name.IndexOf('_') < 0)
            return string.Concat(s_words.Matches(name.Substring(3)).Cast<Match>().Select(match => Title(match.Value)));
        if (name.EndsWith("_procedure", System.StringComparison.Ordinal))
            return Pascal(name);
        bool remote = name.StartsWith("remote_", System.StringComparison.Ordinal);
        string rest = remote ? name.Substring("remote_".Length) : name;
        int nonnull = rest.IndexOf("nonnull_", System.StringComparison.Ordinal);
        return nonnull >= 0 ? Pascal(rest.Remove(nonnull, "nonnull_".Length)) + "Ref" : Pascal(rest);
    }

    /// <summary>The public C function of a procedure: <c>DOMAIN_GET_XML_DESC</c> becomes <c>virDomainGetXMLDesc</c>, and the admin program's
    /// <c>SERVER_GET_CLIENT_LIMITS</c> <c>virAdmServerGetClientLimits</c>.</summary>
    public static string Api(string program, string procedure) =>
        (program == "Admin" ? "virAdm" : "vir") + string.Concat(procedure.Split('_').Select(word => s_apiWords.TryGetValue(word, out string? known) ? known : Title(word)));

    /// <summary>The members of a C enum without what their names have in common.</summary>
    public static IReadOnlyDictionary<string, string> Members(string enumName, IReadOnlyList<string> members)
    {
        string prefix = enumName switch
        {
            "virErrorNumber" or "virErrorLevel" => "VIR_ERR_",
            "virErrorDomain" => "VIR_FROM_",
            _ => CommonPrefix(members),
        };
        Dictionary<string, string> names = new();
        foreach (string member in members)
        {
            string rest = member.StartsWith(prefix, System.StringComparison.Ordinal) ? member.Substring(prefix.Length)
                : member.StartsWith("VIR_", System.StringComparison.Ordinal) ? member.Substring(4)
                : member;
            if (char.IsDigit(rest[0]))
            {
                string lastWord = prefix.TrimEnd('_').Split('_').Last();
                rest = lastWord + "_" + rest;
            }
            names[member] = Pascal(rest);
        }
        return names;
    }

    private static string CommonPrefix(IReadOnlyList<string> members)
    {
        string[] words = members[0].Split('_');
        int common = words.Length - 1;
        foreach (string member in members)
        {
            string[] others = member.Split('_');
            int same = 0;
            while (same < common && same < others.Length - 1 && others[same] == words[same])
                same++;
            common = same;
        }
        return common == 0 ? "" : string.Join("_", words.Take(common)) + "_";
    }

    private static string Title(string word)
    {
        if (s_twoCapitals.TryGetValue(word.ToLowerInvariant(), out string? known))
            return known;
        bool shouting = word.All(c => char.IsUpper(c) || char.IsDigit(c));
        return char.ToUpperInvariant(word[0]) + (shouting ? word.Substring(1).ToLowerInvariant() : word.Substring(1));
    }
}
