using System.Collections.Generic;
using System.Threading;

namespace Libvirtd.Protocol.Generator.Parsing;

/// <summary>
/// Parses the XDR language of RFC 4506, section 6.3, as rpcgen and libvirt use it. Beyond the RFC: <c>char</c>, <c>short</c>, doc comments with
/// annotations before enum members, negative numbers, constants that name others or hold a text, a trailing comma in an enum. Left out:
/// <c>quadruple</c>, anonymous inline types, and program definitions, which libvirt's files do not use.
/// </summary>
public sealed class Parser
{
    private readonly List<Token> _tokens;
    private readonly SourceFile _file;
    private int _position;

    private Parser(SourceFile file, string text)
    {
        _file = file;
        _tokens = Lexer.Tokenize(text);
    }

    private Token Current => _tokens[_position];

    /// <summary>Parses one file; what is wrong stands in its <see cref="SourceFile.Problems"/>.</summary>
    public static SourceFile Parse(string path, string text, CancellationToken cancel = default)
    {
        SourceFile file = new(path, text);
        try
        {
            Parser parser = new(file, text);
            while (parser.Current.Kind != TokenKind.End)
            {
                cancel.ThrowIfCancellationRequested();
                parser.ParseDefinition();
            }
        }
        catch (SyntaxErrorException error)
        {
            file.Problems.Add(new Problem("LVX001", error.Message, path, error.Line, error.Column));
        }
        return file;
    }

    private void ParseDefinition()
    {
        Token start = Current;
        string keyword = ExpectName();
        switch (keyword)
        {
            case "const":
                ParseConstant();
                break;
            case "typedef":
                _file.Typedefs.Add(ParseDeclaration());
                Expect(";");
                break;
            case "enum":
                ParseEnum();
                break;
            case "struct":
                ParseStruct();
                break;
            case "union":
                ParseUnion();
                break;
            default:
                throw new SyntaxErrorException($"expected const, typedef, enum, struct or union, found '{keyword}'", start.Line, start.Column);
        }
    }

    private void ParseConstant()
    {
        Token name = ExpectIdentifier();
        Expect("=");
        Token value = Advance();
        if (value.Kind is not (TokenKind.Number or TokenKind.Identifier or TokenKind.Text))
            throw Unexpected(value, "a value");
        Expect(";");
        _file.Constants.Add(new ConstantSyntax(name.Text, value.Text, value.Kind == TokenKind.Text, name.Line, name.Column));
    }

    private void ParseEnum()
    {
        Token name = ExpectIdentifier();
        Expect("{");
        List<EnumMemberSyntax> members = new();
        while (!Accept("}"))
        {
            Token member = ExpectIdentifier();
            string? value = null;
            if (Accept("="))
            {
                Token number = Advance();
                if (number.Kind is not (TokenKind.Number or TokenKind.Identifier))
                    throw Unexpected(number, "a number or a constant");
                value = number.Text;
            }
            members.Add(new EnumMemberSyntax(member.Text, value, Annotations.Read(member.Comment), member.Line, member.Column));
            if (!Accept(","))
            {
                Expect("}");
                break;
            }
        }
        Expect(";");
        _file.Enums.Add(new EnumSyntax(name.Text, members, name.Line, name.Column));
    }

    private void ParseStruct()
    {
        Token name = ExpectIdentifier();
        Expect("{");
        List<Declaration> fields = new();
        while (!Accept("}"))
        {
            fields.Add(ParseDeclaration());
            Expect(";");
        }
        Expect(";");
        _file.Structs.Add(new StructSyntax(name.Text, fields, name.Line, name.Column));
    }

    private void ParseUnion()
    {
        Token name = ExpectIdentifier();
        if (ExpectIdentifier() is { Text: not "switch" } other)
            throw Unexpected(other, "switch");
        Expect("(");
        Declaration discriminant = ParseDeclaration();
        Expect(")");
        Expect("{");
        List<ArmSyntax> arms = new();
        while (!Accept("}"))
        {
            List<string?> cases = new();
            do
            {
                Token word = Advance();
                if (word.Text == "default")
                    cases.Add(null);
                else if (word.Text == "case")
                    cases.Add(Advance().Text);
                else
                    throw Unexpected(word, "case or default");
                Expect(":");
            }
            while (Current.Text is "case" or "default");
            Declaration declaration = ParseDeclaration();
            Expect(";");
            foreach (string? label in cases)
                arms.Add(new ArmSyntax(label, declaration));
        }
        Expect(";");
        _file.Unions.Add(new UnionSyntax(name.Text, discriminant, arms, name.Line, name.Column));
    }

    private Declaration ParseDeclaration()
    {
        string type = ParseType();
        if (type == "void")
            return new Declaration(type, "", Shape.Single, null, Current.Line, Current.Column);
        bool optional = Accept("*");
        Token name = ExpectIdentifier();
        Shape shape = optional ? Shape.Optional : Shape.Single;
        string? bound = null;
        if (Accept("["))
        {
            shape = Shape.Fixed;
            bound = ExpectBound();
            Expect("]");
        }
        else if (Accept("<"))
        {
            shape = Shape.Variable;
            if (Current.Text != ">")
                bound = ExpectBound();
            Expect(">");
        }
        if (optional && shape != Shape.Optional)
            throw new SyntaxErrorException("an optional cannot be an array", name.Line, name.Column);
        return new Declaration(type, name.Text, shape, bound, name.Line, name.Column);
    }

    private string ParseType()
    {
        string type = ExpectName();
        if (type is "struct" or "enum" or "union")
            return ExpectName();
        if (type != "unsigned")
            return type;
        return Current.Text is "int" or "hyper" or "char" or "short" or "long" ? "unsigned " + Advance().Text : "unsigned int";
    }

    private string ExpectBound()
    {
        Token bound = Advance();
        return bound.Kind is TokenKind.Number or TokenKind.Identifier ? bound.Text : throw Unexpected(bound, "a size");
    }

    private Token ExpectIdentifier() => Current.Kind == TokenKind.Identifier ? Advance() : throw Unexpected(Current, "a name");

    private string ExpectName() => ExpectIdentifier().Text;

    private void Expect(string punctuation)
    {
        if (!Accept(punctuation))
            throw Unexpected(Current, $"'{punctuation}'");
    }

    private bool Accept(string punctuation)
    {
        if (Current.Kind != TokenKind.Punctuation || Current.Text != punctuation)
            return false;
        _position++;
        return true;
    }

    private Token Advance() => Current.Kind == TokenKind.End ? Current : _tokens[_position++];

    private static SyntaxErrorException Unexpected(Token token, string wanted) =>
        new($"expected {wanted}, found {(token.Kind == TokenKind.End ? "the end of the file" : $"'{token.Text}'")}", token.Line, token.Column);
}
