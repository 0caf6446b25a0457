namespace Libvirtd.Protocol.Generator.Parsing;

/// <summary>The kinds of words that an .x file is made of.</summary>
public enum TokenKind
{
    Identifier,
    Number,
    Text,
    Punctuation,
    End,
}

/// <summary>One word of an .x file.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Text">Its characters; for a text those between the quotes.</param>
/// <param name="Line">The line, from 0.</param>
/// <param name="Column">The column, from 0.</param>
/// <param name="Comment">The comment block that stands directly before it, if any.</param>
public sealed record Token(TokenKind Kind, string Text, int Line, int Column, string? Comment);
