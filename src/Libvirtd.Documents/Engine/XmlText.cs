using System.Buffers;
using System.Globalization;

namespace Libvirtd.Documents;

/// <summary>A growing text on pooled memory that libvirt's way of writing XML is built on.</summary>
internal ref struct XmlText
{
    private static readonly SearchValues<char> s_special = SearchValues.Create(
        "\u0001\u0002\u0003\u0004\u0005\u0006\u0007\u0008\u000b\u000c\u000e\u000f\u0010\u0011\u0012\u0013\u0014\u0015\u0016\u0017\u0018\u0019\"&'<>");

    private char[] _buffer;
    private int _length;

    public XmlText(int capacity) => _buffer = ArrayPool<char>.Shared.Rent(capacity);

    /// <summary>The characters written; setting it takes back what came after.</summary>
    public int Length
    {
        readonly get => _length;
        set => _length = value;
    }

    public void Write(string text) => Write(text.AsSpan());

    public void Write(scoped ReadOnlySpan<char> text)
    {
        if (_buffer.Length - _length < text.Length)
            Grow(text.Length);
        text.CopyTo(_buffer.AsSpan(_length));
        _length += text.Length;
    }

    public void Write(char c)
    {
        if (_buffer.Length == _length)
            Grow(1);
        _buffer[_length++] = c;
    }

    public void Write(long number)
    {
        Span<char> digits = stackalloc char[20];
        number.TryFormat(digits, out int count, default, CultureInfo.InvariantCulture);
        Write(digits[..count]);
    }

    public void Indent(int spaces)
    {
        if (_buffer.Length - _length < spaces)
            Grow(spaces);
        _buffer.AsSpan(_length, spaces).Fill(' ');
        _length += spaces;
    }

    /// <summary>Text with the five special characters as entities; control characters are left out, as libvirt leaves them out.</summary>
    public void WriteEscaped(scoped ReadOnlySpan<char> text)
    {
        while (true)
        {
            int special = text.IndexOfAny(s_special);
            if (special < 0)
            {
                Write(text);
                return;
            }

            Write(text[..special]);
            Write(text[special] switch
            {
                '<' => "&lt;",
                '>' => "&gt;",
                '&' => "&amp;",
                '"' => "&quot;",
                '\'' => "&apos;",
                _ => "",
            });
            text = text[(special + 1)..];
        }
    }

    /// <summary>The text, and the memory back to the pool.</summary>
    public string Finish()
    {
        string text = new(_buffer, 0, _length);
        ArrayPool<char>.Shared.Return(_buffer);
        _buffer = [];
        return text;
    }

    private void Grow(int more)
    {
        char[] larger = ArrayPool<char>.Shared.Rent(Math.Max(_buffer.Length * 2, _length + more));
        _buffer.AsSpan(0, _length).CopyTo(larger);
        ArrayPool<char>.Shared.Return(_buffer);
        _buffer = larger;
    }
}
