using System.Collections.Generic;

namespace Libvirtd.Protocol.Generator.Parsing;

/// <summary>
/// Cuts an .x file into tokens. Lines that begin with <c>%</c> (rpcgen passes them on to the C compiler) and preprocessor lines are skipped;
/// a comment is kept with the token that follows it, since annotations live there.
/// </summary>
public sealed class Lexer
{
    private readonly string _text;
    private int _position;
    private int _line;
    private int _lineStart;
    private string? _comment;

    private Lexer(string text) => _text = text;

    private char Current => _position < _text.Length ? _text[_position] : '\0';

    private char Next => _position + 1 < _text.Length ? _text[_position + 1] : '\0';

    /// <summary>All tokens of a file; the last one is <see cref="TokenKind.End"/>.</summary>
    public static List<Token> Tokenize(string text)
    {
        Lexer lexer = new(text);
        List<Token> tokens = new();
        do
            tokens.Add(lexer.Read());
        while (tokens[tokens.Count - 1].Kind != TokenKind.End);
        return tokens;
    }

    private Token Read()
    {
        SkipSpace();
        int start = _position, line = _line, column = _position - _lineStart;
        string? comment = _comment;
        _comment = null;
        if (_position >= _text.Length)
            return new Token(TokenKind.End, "", line, column, comment);
        if (char.IsLetter(Current) || Current == '_')
        {
            while (char.IsLetterOrDigit(Current) || Current == '_')
                _position++;
            return new Token(TokenKind.Identifier, _text.Substring(start, _position - start), line, column, comment);
        }
        if (char.IsDigit(Current) || (Current == '-' && char.IsDigit(Next)))
        {
            _position++;
            while (char.IsLetterOrDigit(Current))
                _position++;
            return new Token(TokenKind.Number, _text.Substring(start, _position - start), line, column, comment);
        }
        if (Current == '"')
        {
            int end = _text.IndexOf('"', _position + 1);
            int newline = _text.IndexOf('\n', _position);
            if (end < 0 || (newline >= 0 && newline < end))
                throw new SyntaxErrorException("the text is not closed on its line", line, column);
            _position = end + 1;
            return new Token(TokenKind.Text, _text.Substring(start + 1, end - start - 1), line, column, comment);
        }
        if ("{}[]()<>;:,=*".IndexOf(Current) < 0)
            throw new SyntaxErrorException($"unexpected character '{Current}'", line, column);
        _position++;
        return new Token(TokenKind.Punctuation, _text.Substring(start, 1), line, column, comment);
    }

    private void SkipSpace()
    {
        while (_position < _text.Length)
        {
            bool atLineStart = _position == _lineStart;
            if (Current == '\n')
            {
                _position++;
                StartLine();
            }
            else if (char.IsWhiteSpace(Current))
                _position++;
            else if (atLineStart && (Current == '%' || Current == '#'))
                SkipTo("\n");
            else if (Current == '/' && Next == '*')
                SkipComment();
            else if (Current == '/' && Next == '/')
                SkipTo("\n");
            else
                return;
        }
    }

    private void SkipComment()
    {
        int start = _position, line = _line, column = _position - _lineStart;
        int end = _text.IndexOf("*/", _position + 2, System.StringComparison.Ordinal);
        if (end < 0)
            throw new SyntaxErrorException("the comment is not closed", line, column);
        for (; _position < end + 2; _position++)
        {
            if (Current == '\n')
            {
                _line++;
                _lineStart = _position + 1;
            }
        }
        _comment = _text.Substring(start, end + 2 - start);
    }

    private void SkipTo(string end)
    {
        int at = _text.IndexOf(end, _position, System.StringComparison.Ordinal);
        _position = at < 0 ? _text.Length : at;
    }

    private void StartLine()
    {
        _line++;
        _lineStart = _position;
    }
}
