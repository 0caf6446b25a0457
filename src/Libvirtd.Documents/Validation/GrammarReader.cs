using System.Globalization;

namespace Libvirtd.Documents;

/// <summary>Reads the notation of the schemas; see README.md beside the schemas. The texts are our own, so a fault in one is a bug.</summary>
internal sealed class GrammarReader
{
    private readonly PatternPool _pool = new();
    private readonly Dictionary<string, (string Text, int Start)> _sources = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Pattern?> _definitions = new(StringComparer.Ordinal);
    private readonly Queue<(Pattern Element, string Text, int Start)> _open = new();

    private string _text = "";
    private int _at;

    public PatternPool Pool => _pool;

    /// <summary>Takes in a text's definitions: <c>name = pattern</c>, each from the start of a line to the next.</summary>
    public void Add(string text)
    {
        string[] lines = text.ReplaceLineEndings("\n").Split('\n');
        for (int i = 0; i < lines.Length; i++)
        {
            if (lines[i].Length == 0 || !char.IsAsciiLetter(lines[i][0]))
                continue;
            int equals = lines[i].IndexOf('=', StringComparison.Ordinal);
            List<string> body = [lines[i][(equals + 1)..]];
            while (i + 1 < lines.Length && (lines[i + 1].Length == 0 || !(char.IsAsciiLetter(lines[i + 1][0]) || lines[i + 1][0] == '#')))
                body.Add(lines[++i]);
            _sources.Add(lines[i - body.Count + 1][..equals].Trim(), (string.Join('\n', body), 0));
        }
    }

    /// <summary>The pattern of a definition, with all that it holds.</summary>
    public Pattern Define(string name)
    {
        Pattern pattern = Resolve(name);
        while (_open.TryDequeue(out (Pattern Element, string Text, int Start) open))
            open.Element.Content = Read(open.Text, open.Start);
        return pattern;
    }

    private Pattern Resolve(string name)
    {
        if (_definitions.TryGetValue(name, out Pattern? known))
            return known ?? throw new FormatException($"{name} holds itself outside of an element");
        if (!_sources.TryGetValue(name, out (string Text, int Start) source))
            throw new FormatException($"nothing defines {name}");
        _definitions[name] = null;
        Pattern pattern = Read(source.Text, source.Start);
        _definitions[name] = pattern;
        return pattern;
    }

    private Pattern Read(string text, int start)
    {
        (string Text, int At) outer = (_text, _at);
        (_text, _at) = (text, start);
        Pattern pattern = Alternatives();
        if (Peek() is not ('\0' or '}'))
            throw Unexpected();
        (_text, _at) = outer;
        return pattern;
    }

    private Pattern Alternatives()
    {
        Pattern pattern = Sequence();
        while (Take('|'))
            pattern = _pool.Choice(pattern, Sequence());
        return pattern;
    }

    private Pattern Sequence()
    {
        List<Pattern> items = Items();
        Pattern pattern = PatternPool.Empty;
        for (int i = items.Count - 1; i >= 0; i--)
            pattern = _pool.Group(items[i], pattern);
        return pattern;
    }

    private List<Pattern> Items()
    {
        List<Pattern> items = [];
        while (Peek() is not ('\0' or '|' or ')' or ']' or '}'))
        {
            Pattern item = Item();
            item = Take('?') ? _pool.Optional(item) : Take('*') ? _pool.Optional(_pool.OneOrMore(item)) : Take('+') ? _pool.OneOrMore(item) : item;
            items.Add(item);
        }

        return items;
    }

    private Pattern Item()
    {
        if (Take('('))
        {
            Pattern inner = Alternatives();
            Expect(')');
            return inner;
        }

        if (Take('['))
        {
            Pattern all = PatternPool.Empty;
            List<Pattern> items = Items();
            for (int i = items.Count - 1; i >= 0; i--)
                all = _pool.Interleave(items[i], all);
            Expect(']');
            return all;
        }

        if (Take('@'))
            return Attribute(Word());
        if (Take('\''))
            return Data(new WordList(Until('\'')));
        if (Take('/'))
            return Data(new TextForm(Until('/')));
        return Named(Word());
    }

    private Pattern Attribute(string name)
    {
        Pattern value = PatternPool.Text;
        if (_at < _text.Length && _text[_at] == '(')
        {
            _at++;
            value = Alternatives();
            Expect(')');
        }

        return new Pattern(PatternKind.Attribute) { Name = name, Content = value };
    }

    private Pattern Named(string name)
    {
        if (_at < _text.Length && _text[_at] == '{')
            return Element(name);
        if (_at < _text.Length && _text[_at] == '(')
        {
            _at++;
            string[] bounds = Until(')').Split("..");
            return Data(new WholeNumber(Bound(bounds[0]), Bound(bounds[1]), name switch
            {
                "number" => true,
                "digits" => false,
                _ => throw new FormatException($"{name} has no range"),
            }));
        }

        return name switch
        {
            "text" => PatternPool.Text,
            "never" => PatternPool.Never,
            "any" => new Pattern(PatternKind.Element),
            _ => DataType.Named(name) is { } type ? Data(type) : Resolve(name),
        };
    }

    private static Int128? Bound(string text) => text.Length == 0 ? null : Int128.Parse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);

    /// <summary>An element's content is read later: it may hold the element itself.</summary>
    private Pattern Element(string name)
    {
        int colon = name.IndexOf(':', StringComparison.Ordinal);
        Pattern element = new(PatternKind.Element)
        {
            Name = name[(colon + 1)..],
            Namespace = colon < 0 ? null : SchemaNamespaces.Uri(name[..colon]),
        };
        _open.Enqueue((element, _text, _at + 1));
        Skip();
        return element;
    }

    /// <summary>Passes over what stands in braces; those in expressions and words do not count.</summary>
    private void Skip()
    {
        int depth = 0;
        do
        {
            char c = _at < _text.Length ? _text[_at++] : throw Unexpected();
            if (c == '{')
                depth++;
            else if (c == '}')
                depth--;
            else if (c is '\'' or '/')
                Until(c);
        }
        while (depth > 0);
    }

    private static Pattern Data(DataType type) => new(PatternKind.Data) { Type = type };

    private string Word()
    {
        Peek();
        int start = _at;
        while (_at < _text.Length && (char.IsAsciiLetterOrDigit(_text[_at]) || _text[_at] is '-' or '_' or ':' or '.'))
            _at++;
        return _at > start ? _text[start.._at] : throw Unexpected();
    }

    private string Until(char end)
    {
        int start = _at;
        while (_at < _text.Length && _text[_at] != end)
            _at += _text[_at] == '\\' ? 2 : 1;
        if (_at >= _text.Length)
            throw Unexpected();
        return _text[start.._at++];
    }

    private char Peek()
    {
        while (_at < _text.Length && char.IsWhiteSpace(_text[_at]))
            _at++;
        return _at < _text.Length ? _text[_at] : '\0';
    }

    private bool Take(char c)
    {
        if (Peek() != c)
            return false;
        _at++;
        return true;
    }

    private void Expect(char c)
    {
        if (!Take(c))
            throw Unexpected();
    }

    private FormatException Unexpected() => new($"unexpected text at {_at} of: {_text}");
}
