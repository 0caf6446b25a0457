using System.Globalization;
using System.Numerics;

namespace Libvirtd.Daemon.Configuration;

/// <summary>
/// Reads the syntax of libvirtd.conf: <c>name = value</c> separated by line ends or semicolons, <c>#</c> comments, and as values decimal
/// integers, strings in '...', "..." or """...""" (no escapes; only the last may span lines), and lists in brackets over any number of lines.
/// </summary>
internal ref struct ConfigParser
{
    /// <summary>Larger files are refused, as libvirtd does.</summary>
    public const int MaxFileBytes = 10 * 1024 * 1024;

    private const int MaxDigits = 40;
    private const int MaxListDepth = 16;

    private readonly string _path;
    private readonly ReadOnlySpan<char> _text;
    private int _at;
    private int _line;

    private ConfigParser(string path, ReadOnlySpan<char> text)
    {
        _path = path;
        _text = text;
        _line = 1;
    }

    private readonly char Current => _at < _text.Length ? _text[_at] : '\0';

    private readonly bool AtEnd => _at >= _text.Length;

    /// <summary>Parses a text; <paramref name="path"/> only appears in messages.</summary>
    /// <exception cref="ConfigException">The syntax is broken.</exception>
    public static ConfigFile Parse(string path, ReadOnlySpan<char> text)
    {
        ConfigParser parser = new(path, text);
        List<ConfigEntry> entries = [];
        while (parser.SkipToStatement()) entries.Add(parser.ReadAssignment());
        return new ConfigFile(path, entries);
    }

    /// <summary>Reads and parses a file.</summary>
    /// <exception cref="ConfigException">It cannot be read, is too large, or its syntax is broken.</exception>
    public static ConfigFile Load(string path)
    {
        try
        {
            using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            byte[] bytes = new byte[MaxFileBytes + 1];
            int length = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            if (length > MaxFileBytes) throw new ConfigException($"{path}: the file is larger than {MaxFileBytes} bytes");
            return Parse(path, System.Text.Encoding.UTF8.GetString(bytes, 0, length));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            string reason = failure switch
            {
                FileNotFoundException or DirectoryNotFoundException => "No such file or directory",
                UnauthorizedAccessException => Directory.Exists(path) ? "Is a directory" : "Permission denied",
                _ => failure.Message,
            };
            throw new ConfigException($"Failed to open file '{path}': {reason}");
        }
    }

    private ConfigEntry ReadAssignment()
    {
        int line = _line;
        string name = ReadName();
        SkipBlanks();
        if (Current != '=') throw Broken("expecting an assignment");
        _at++;
        SkipBlanks();
        ConfigValue value = ReadValue(depth: 0);
        SkipBlanks();
        if (!AtEnd && Current is not ('\n' or '\r' or ';' or '#')) throw Broken("expecting a separator");
        return new ConfigEntry(name, value, line);
    }

    private string ReadName()
    {
        int start = _at;
        if (!char.IsAsciiLetter(Current)) throw Broken("expecting a name");
        while (char.IsAsciiLetterOrDigit(Current) || Current == '_') _at++;
        return _text[start.._at].ToString();
    }

    private ConfigValue ReadValue(int depth) => Current switch
    {
        '"' or '\'' => new ConfigValue.Text(ReadText()),
        '[' => ReadList(depth),
        '-' or '+' => ReadNumber(),
        char c when char.IsAsciiDigit(c) => ReadNumber(),
        _ => throw Broken("expecting a value"),
    };

    private ConfigValue.Integer ReadNumber()
    {
        bool negative = Current == '-';
        if (Current is '-' or '+') _at++;
        int start = _at;
        while (char.IsAsciiDigit(Current)) _at++;
        if (_at == start) throw Broken("unterminated number");
        // The parse of a number is quadratic in its digits; nothing that long fits any key.
        if (_at - start > MaxDigits) throw Broken("the number has too many digits");
        BigInteger number = BigInteger.Parse(_text[start.._at], NumberStyles.None, CultureInfo.InvariantCulture);
        return new ConfigValue.Integer(negative ? -number : number, negative);
    }

    private string ReadText()
    {
        if (_text[_at..].StartsWith("\"\"\"")) return ReadLongText();
        int line = _line;
        ReadOnlySpan<char> rest = _text[(_at + 1)..];
        int end = rest.IndexOfAny(Current, '\n', '\r');
        if (end < 0 || rest[end] != Current) throw ConfigException.Syntax(_path, line, "unterminated string");
        _at += end + 2;
        return rest[..end].ToString();
    }

    private string ReadLongText()
    {
        ReadOnlySpan<char> rest = _text[(_at + 3)..];
        int end = rest.IndexOf("\"\"\"");
        if (end < 0) throw Broken("unterminated string");
        _line += rest[..end].Count('\n');
        _at += end + 6;
        return rest[..end].ToString();
    }

    private ConfigValue.List ReadList(int depth)
    {
        if (depth == MaxListDepth) throw Broken("lists are nested too deeply");
        _at++;
        List<ConfigValue> items = [];
        SkipBlanksAndLines();
        while (Current != ']')
        {
            if (AtEnd) throw Broken("list is not closed with ]");
            items.Add(ReadValue(depth + 1));
            SkipBlanksAndLines();
            if (Current == ',')
            {
                _at++;
                SkipBlanksAndLines();
            }
            else if (AtEnd)
            {
                throw Broken("list is not closed with ]");
            }
            else if (Current != ']')
            {
                throw Broken("expecting a separator in list");
            }
        }
        _at++;
        return new ConfigValue.List(items);
    }

    private void SkipBlanks()
    {
        while (Current is ' ' or '\t') _at++;
    }

    private void SkipBlanksAndLines()
    {
        while (!AtEnd)
        {
            switch (Current)
            {
                case '#':
                    int end = _text[_at..].IndexOf('\n');
                    _at = end < 0 ? _text.Length : _at + end;
                    break;
                case '\n':
                    _line++;
                    _at++;
                    break;
                case ' ' or '\t' or '\r':
                    _at++;
                    break;
                default:
                    return;
            }
        }
    }

    private bool SkipToStatement()
    {
        SkipBlanksAndLines();
        while (Current == ';')
        {
            _at++;
            SkipBlanksAndLines();
        }
        return !AtEnd;
    }

    private readonly ConfigException Broken(string reason) => ConfigException.Syntax(_path, _line, reason);
}
