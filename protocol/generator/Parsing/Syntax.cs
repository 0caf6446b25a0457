using System.Collections.Generic;

namespace Libvirtd.Protocol.Generator.Parsing;

/// <summary>How many values a declaration stands for.</summary>
public enum Shape
{
    Single,
    Fixed,
    Variable,
    Optional,
}

/// <summary>A name with a type: a struct's field, a union's arm, a typedef.</summary>
/// <param name="Type">The type's name as written: <c>unsigned int</c>, <c>string</c>, <c>remote_domain</c>.</param>
/// <param name="Name">The declared name; empty for void.</param>
/// <param name="Shape">Single, array or optional.</param>
/// <param name="Bound">The array's size or limit as written; null where there is none.</param>
/// <param name="Line">The line, from 0.</param>
/// <param name="Column">The column, from 0.</param>
public sealed record Declaration(string Type, string Name, Shape Shape, string? Bound, int Line, int Column);

/// <summary>A constant: a number, another constant's name, or a text.</summary>
public sealed record ConstantSyntax(string Name, string Value, bool IsText, int Line, int Column);

/// <summary>A member of an enum with the annotations of its comment.</summary>
public sealed record EnumMemberSyntax(string Name, string? Value, IReadOnlyList<Annotation> Annotations, int Line, int Column);

/// <summary>An enum.</summary>
public sealed record EnumSyntax(string Name, IReadOnlyList<EnumMemberSyntax> Members, int Line, int Column);

/// <summary>A struct.</summary>
public sealed record StructSyntax(string Name, IReadOnlyList<Declaration> Fields, int Line, int Column);

/// <summary>An arm of a union; <see cref="Case"/> is null for the default arm.</summary>
public sealed record ArmSyntax(string? Case, Declaration Declaration);

/// <summary>A union.</summary>
public sealed record UnionSyntax(string Name, Declaration Discriminant, IReadOnlyList<ArmSyntax> Arms, int Line, int Column);

/// <summary>One <c>@tag: value</c> of a comment.</summary>
public sealed record Annotation(string Tag, string Value);

/// <summary>An .x file, parsed. Equal when path and text are: so an edit elsewhere costs no second parse.</summary>
public sealed class SourceFile : System.IEquatable<SourceFile>
{
    private readonly string _text;

    internal SourceFile(string path, string text)
    {
        Path = path;
        _text = text;
    }

    /// <summary>Where the file lies.</summary>
    public string Path { get; }

    /// <summary>The constants, in order.</summary>
    public List<ConstantSyntax> Constants { get; } = new();

    /// <summary>The typedefs, in order.</summary>
    public List<Declaration> Typedefs { get; } = new();

    /// <summary>The enums, in order.</summary>
    public List<EnumSyntax> Enums { get; } = new();

    /// <summary>The structs, in order.</summary>
    public List<StructSyntax> Structs { get; } = new();

    /// <summary>The unions, in order.</summary>
    public List<UnionSyntax> Unions { get; } = new();

    /// <summary>What is wrong with the file.</summary>
    public List<Problem> Problems { get; } = new();

    /// <inheritdoc/>
    public bool Equals(SourceFile? other) => other is not null && other.Path == Path && other._text == _text;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as SourceFile);

    /// <inheritdoc/>
    public override int GetHashCode() => _text.GetHashCode();
}
