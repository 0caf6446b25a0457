using System.Text;
using System.Xml.Linq;

namespace Libvirtd.Documents.Tests;

/// <summary>Makes documents wrong: their trees first, their texts after that. The same seed makes the same documents.</summary>
internal sealed class DocumentMutator(IReadOnlyList<XElement> corpus, int seed)
{
    private const int MaxElements = 3000;

    private static readonly string[] s_values =
    [
        "", " ", "-1", "-2", "0", "1", "2", "255", "256", "65535", "65536", "2147483647", "2147483648", "-2147483648", "4294967295", "4294967296",
        "9223372036854775807", "9223372036854775808", "18446744073709551615", "18446744073709551616", "99999999999999999999999999", "0x", "0xffffffffffffffffff",
        "010", "1e9", "0.5", "+5", " 5", "5 ", "yes", "no", "on", "off", "default", "none", "auto", "1-16383", "0-99999", "^1", "1,", "1,,2", ",", "0-", "-", "::1",
        "127.0.0.1", "256.1.1.1", "/", "..", "a/b", "vda", "sdzzzzzz", "hd", "vd1", "\u00e9\u4e16\U0001f600", "a\nb", "<&>\"'", "%s%n", "00000000-0000-0000-0000-000000000000",
        "ff:ff:ff:ff:ff:ff", "0:0:0:0:0:0", "KiB", "EiB", "bogus", "network", "file", "pci", "drive", "virtio", "spice", "hvm", "s390x", "unix", "tcp", "udp",
    ];

    private readonly Random _random = new(seed);
    private readonly string[] _attributes = [.. corpus.SelectMany(root => root.DescendantsAndSelf().Attributes())
        .Where(static one => !one.IsNamespaceDeclaration).Select(static one => one.Name.LocalName).Distinct()];

    /// <summary>The next document, and the one of the corpus that it was made from.</summary>
    public (XElement Origin, string Text) Next()
    {
        XElement origin = corpus[_random.Next(corpus.Count)];
        XElement root = new(origin);
        for (int change = _random.Next(1, 5); change > 0; change--)
            Change(root);
        string text = root.ToString(_random.Next(4) == 0 ? SaveOptions.None : SaveOptions.DisableFormatting);
        return (origin, _random.Next(8) == 0 ? Damage(text) : text);
    }

    private void Change(XElement root)
    {
        XElement[] all = [.. root.DescendantsAndSelf()];
        XElement one = all[_random.Next(all.Length)];
        switch (_random.Next(14))
        {
            case < 4:
                ChangeAttribute(one);
                break;
            case 4:
                one.SetAttributeValue(_attributes[_random.Next(_attributes.Length)], Value());
                break;
            case 5:
                one.Attributes().Skip(_random.Next(Math.Max(1, one.Attributes().Count()))).FirstOrDefault()?.Remove();
                break;
            case 6 or 7 when !one.HasElements:
                one.Value = Value();
                break;
            case 8 when one != root:
                one.Remove();
                break;
            case 9 when all.Length < MaxElements:
                one.Parent?.Add(new XElement(one));
                break;
            case 10 when one != root && all.Length < MaxElements:
                all[_random.Next(all.Length)].Add(new XElement(one));
                break;
            case 11 when all.Length < MaxElements:
                XElement[] others = [.. corpus[_random.Next(corpus.Count)].Descendants()];
                if (others.Length > 0)
                    one.Add(new XElement(others[_random.Next(others.Length)]));
                break;
            case 12:
                one.DescendantsAndSelf().Attributes().Where(static attribute => attribute.IsNamespaceDeclaration).Remove();
                one.Name = _random.Next(2) == 0 ? XName.Get(one.Name.LocalName, "urn:x") : all[_random.Next(all.Length)].Name;
                break;
            default:
                one.ReplaceNodes([.. one.Nodes().Reverse()]);
                break;
        }
    }

    private void ChangeAttribute(XElement one)
    {
        XAttribute[] attributes = [.. one.Attributes().Where(static attribute => !attribute.IsNamespaceDeclaration)];
        if (attributes.Length > 0)
            attributes[_random.Next(attributes.Length)].Value = Value();
    }

    private string Value() => _random.Next(12) switch
    {
        0 => new string('9', _random.Next(1, 60)),
        1 => new string('a', _random.Next(1, 300)),
        2 => _random.NextInt64(long.MinValue, long.MaxValue).ToString(System.Globalization.CultureInfo.InvariantCulture),
        _ => s_values[_random.Next(s_values.Length)],
    };

    /// <summary>What no tree can say: cut, doubled and foreign characters.</summary>
    private string Damage(string whole)
    {
        StringBuilder text = new(whole);
        for (int change = _random.Next(1, 4); change > 0 && text.Length > 8; change--)
        {
            int at = _random.Next(text.Length);
            int length = Math.Min(_random.Next(1, 40), text.Length - at);
            switch (_random.Next(6))
            {
                case 0:
                    text.Remove(at, length);
                    break;
                case 1:
                    text.Insert(at, text.ToString(at, length));
                    break;
                case 2:
                    text[at] = (char)_random.Next(1, 128);
                    break;
                case 3:
                    text[at] = (char)_random.Next(0x80, 0xffff);
                    break;
                case 4:
                    text.Length = at;
                    break;
                default:
                    text.Insert(at, "&#x" + _random.Next(0, 0x110000).ToString("x", System.Globalization.CultureInfo.InvariantCulture) + ";");
                    break;
            }
        }

        return text.ToString();
    }
}
