using System.Text;

namespace Libvirtd.Protocol.Generator;

/// <summary>Indented text.</summary>
public sealed class CodeWriter
{
    private readonly StringBuilder _text = new();
    private int _depth;

    /// <summary>One line; an empty one has no indentation.</summary>
    public void Line(string line = "")
    {
        if (line.Length > 0)
            _text.Append(' ', _depth * 4).Append(line);
        _text.Append('\n');
    }

    /// <summary>An opening brace.</summary>
    public void Open()
    {
        Line("{");
        _depth++;
    }

    /// <summary>A closing brace.</summary>
    public void Close(string after = "")
    {
        _depth--;
        Line("}" + after);
    }

    /// <inheritdoc/>
    public override string ToString() => _text.ToString();
}
