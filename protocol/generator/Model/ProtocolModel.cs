using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Libvirtd.Protocol.Generator.Parsing;

namespace Libvirtd.Protocol.Generator.Model;

/// <summary>A field with its resolved type.</summary>
public sealed record FieldModel(string XName, string Name, WireType Type);

/// <summary>A struct.</summary>
public sealed record StructModel(string XName, string Name, IReadOnlyList<FieldModel> Fields)
{
    /// <summary>The fewest bytes that a value takes on the wire.</summary>
    public int MinBytes => Fields.Sum(part => part.Type.MinBytes);

    /// <summary>The field of that name in the .x file, if any.</summary>
    public FieldModel? Field(string xname) => Fields.FirstOrDefault(part => part.XName == xname);
}

/// <summary>An arm of a union; without <see cref="Type"/> it is void.</summary>
public sealed record ArmModel(int? Case, string Name, WireType? Type);

/// <summary>A union.</summary>
public sealed record UnionModel(string XName, string Name, IReadOnlyList<ArmModel> Arms);

/// <summary>An enum; <see cref="IsFlags"/> makes it a set of bits.</summary>
public sealed record EnumModel(string XName, string Name, bool IsFlags, IReadOnlyList<(string XName, string Name, long Value)> Members);

/// <summary>All .x files of a project together, with every name resolved.</summary>
public sealed class ProtocolModel
{
    private static readonly Dictionary<string, WireType> s_builtin = new()
    {
        ["int"] = new ScalarType("int", "int", "Int32", 4),
        ["unsigned int"] = new ScalarType("unsigned int", "uint", "UInt32", 4),
        ["long"] = new ScalarType("long", "int", "Int32", 4),
        ["unsigned long"] = new ScalarType("unsigned long", "uint", "UInt32", 4),
        ["hyper"] = new ScalarType("hyper", "long", "Int64", 8),
        ["unsigned hyper"] = new ScalarType("unsigned hyper", "ulong", "UInt64", 8),
        ["double"] = new ScalarType("double", "double", "Double", 8),
        ["float"] = new ScalarType("float", "float", "Single", 4),
        ["bool"] = new ScalarType("bool", "bool", "Bool", 4),
        ["char"] = new ScalarType("char", "sbyte", "Int8", 4, "Int32"),
        ["unsigned char"] = new ScalarType("unsigned char", "byte", "UInt8", 4, "UInt32"),
        ["short"] = new ScalarType("short", "short", "Int16", 4, "Int32"),
        ["unsigned short"] = new ScalarType("unsigned short", "ushort", "UInt16", 4, "UInt32"),
    };

    private static readonly WireType s_uuid = new ScalarType("opaque[16]", "global::System.Guid", "Uuid", 16);
    private static readonly WireType s_typedParam = new NamedType("remote_typed_param", "TypedParam", () => 12);

    private readonly Dictionary<string, object> _constants = new();
    private readonly Dictionary<string, (ConstantSyntax Syntax, SourceFile File)> _pending = new();
    private readonly Dictionary<string, Declaration> _typedefs = new();
    private readonly Dictionary<string, StructSyntax> _structSyntax = new();
    private readonly Dictionary<string, UnionSyntax> _unionSyntax = new();
    private readonly Dictionary<string, string> _enumNames = new();
    private readonly Dictionary<string, StructModel> _structs = new();
    private readonly HashSet<string> _unions = new();
    private readonly Dictionary<string, IReadOnlyList<Annotation>> _annotations = new();
    private readonly HashSet<string> _open = new();
    private SourceFile _file = null!;

    /// <summary>Resolves the files; what is wrong stands in <see cref="Problems"/>.</summary>
    /// <param name="files">The files that define the protocol.</param>
    /// <param name="annotations">Files of which only the procedures' annotations count, where <paramref name="files"/> have none of that name.</param>
    public ProtocolModel(IReadOnlyList<SourceFile> files, IReadOnlyList<SourceFile>? annotations = null)
    {
        Files = files;
        foreach (EnumMemberSyntax member in (annotations ?? Array.Empty<SourceFile>()).SelectMany(file => file.Enums).SelectMany(syntax => syntax.Members))
            _annotations[member.Name] = member.Annotations;
        foreach (SourceFile file in files)
        {
            Problems.AddRange(file.Problems);
            // A constant may name one that stands in a later file, so that its value is found when it is needed.
            foreach (ConstantSyntax constant in file.Constants)
                _pending[constant.Name] = (constant, file);
        }
        foreach (SourceFile file in files)
            Collect(file);
        foreach (string name in _pending.Keys.ToList())
            ResolveConstant(name);
        foreach (SourceFile file in files)
        {
            _file = file;
            Resolve(file);
        }
        foreach (SourceFile file in files)
        {
            _file = file;
            foreach (EnumSyntax syntax in file.Enums.Where(syntax => syntax.Name.EndsWith("_procedure", StringComparison.Ordinal)))
                Programs.Add(new ProgramModel(this, file, syntax));
        }
    }

    /// <summary>The files, in order.</summary>
    public IReadOnlyList<SourceFile> Files { get; }

    /// <summary>What is wrong.</summary>
    public List<Problem> Problems { get; } = new();

    /// <summary>All enums.</summary>
    public List<EnumModel> Enums { get; } = new();

    /// <summary>All structs.</summary>
    public List<StructModel> Structs { get; } = new();

    /// <summary>All unions.</summary>
    public List<UnionModel> Unions { get; } = new();

    /// <summary>All programs.</summary>
    public List<ProgramModel> Programs { get; } = new();

    /// <summary>Notes a problem in the file that is being resolved.</summary>
    public void Report(string id, string message, int line, int column, SourceFile? file = null) =>
        Problems.Add(new Problem(id, message, (file ?? _file).Path, line, column));

    /// <summary>The struct of that name in the .x files, if any.</summary>
    public StructModel? Struct(string xname) => _structs.TryGetValue(xname, out StructModel? model) ? model : null;

    /// <summary>The member with the annotations that the annotation files add.</summary>
    internal EnumMemberSyntax Annotate(EnumMemberSyntax member)
    {
        if (!_annotations.TryGetValue(member.Name, out IReadOnlyList<Annotation>? added))
            return member;
        HashSet<string> known = new(member.Annotations.Select(annotation => annotation.Tag));
        return member with { Annotations = member.Annotations.Concat(added.Where(annotation => !known.Contains(annotation.Tag))).ToList() };
    }

    /// <summary>The C# name of the enum of that name in the .x files, if any.</summary>
    public string? EnumName(string xname) => _enumNames.TryGetValue(xname, out string? name) ? name : null;

    /// <summary>The value of a constant or of an enum's member, if there is one of that name.</summary>
    public long? Value(string name) => _constants.TryGetValue(name, out object? value) && value is long number ? number : null;

    private static bool IsTypedParam(string name) => name is "remote_typed_param" or "admin_typed_param";

    private static bool IsTypedParamValue(string name) => name is "remote_typed_param_value" or "admin_typed_param_value";

    private void Collect(SourceFile file)
    {
        _file = file;
        foreach (Declaration typedef in file.Typedefs)
            _typedefs[typedef.Name] = typedef;
        foreach (StructSyntax syntax in file.Structs)
            AddOnce(_structSyntax, syntax.Name, syntax, syntax.Line, syntax.Column);
        foreach (UnionSyntax syntax in file.Unions)
            AddOnce(_unionSyntax, syntax.Name, syntax, syntax.Line, syntax.Column);
        foreach (EnumSyntax syntax in file.Enums)
            CollectEnum(syntax);
    }

    private void CollectEnum(EnumSyntax syntax)
    {
        _enumNames[syntax.Name] = Names.Type(syntax.Name);
        List<(string, string, long)> members = new();
        bool isProcedures = syntax.Name.EndsWith("_procedure", StringComparison.Ordinal);
        IReadOnlyDictionary<string, string> names = Names.Members(syntax.Name, syntax.Members.Select(member => member.Name).ToList());
        string procedurePrefix = isProcedures ? ProgramModel.Prefix(syntax) + "_PROC_" : "";
        long next = 0;
        foreach (EnumMemberSyntax member in syntax.Members)
        {
            long value = member.Value is null ? next : Number(member.Value, member.Line, member.Column);
            next = value + 1;
            _constants[member.Name] = value;
            string name = isProcedures && member.Name.StartsWith(procedurePrefix, StringComparison.Ordinal)
                ? Names.Pascal(member.Name.Substring(procedurePrefix.Length))
                : names[member.Name];
            members.Add((member.Name, name, value));
        }
        bool isFlags = syntax.Members.All(member => member.Value?.StartsWith("0x", StringComparison.Ordinal) == true);
        Enums.Add(new EnumModel(syntax.Name, Names.Type(syntax.Name), isFlags, members));
    }

    private void AddOnce<T>(Dictionary<string, T> all, string name, T syntax, int line, int column)
    {
        if (_structSyntax.ContainsKey(name) || _unionSyntax.ContainsKey(name))
            Report("LVX003", $"'{name}' is defined twice", line, column);
        else
            all.Add(name, syntax);
    }

    private void Resolve(SourceFile file)
    {
        foreach (StructSyntax syntax in file.Structs.Where(syntax => !IsTypedParam(syntax.Name)))
            ResolveStruct(syntax);
        foreach (UnionSyntax syntax in file.Unions.Where(syntax => !IsTypedParamValue(syntax.Name)))
            ResolveUnion(syntax);
    }

    private void ResolveConstant(string name)
    {
        if (!_pending.TryGetValue(name, out (ConstantSyntax Syntax, SourceFile File) pending))
            return;
        // Taken out first: a constant that needs itself finds nothing.
        _pending.Remove(name);
        SourceFile current = _file;
        _file = pending.File;
        ConstantSyntax constant = pending.Syntax;
        _constants[name] = constant.IsText ? constant.Value : Number(constant.Value, constant.Line, constant.Column);
        _file = current;
    }

    private bool Enter(string name, int line, int column)
    {
        if (_open.Add(name))
            return true;
        Report("LVX004", $"'{name}' contains itself; recursive types are not supported", line, column);
        return false;
    }

    private StructModel ResolveStruct(StructSyntax syntax)
    {
        if (_structs.TryGetValue(syntax.Name, out StructModel? known))
            return known;
        if (!Enter(syntax.Name, syntax.Line, syntax.Column))
            return new StructModel(syntax.Name, Names.Type(syntax.Name), new List<FieldModel>());
        string name = Names.Type(syntax.Name);
        List<FieldModel> fields = new();
        foreach (Declaration field in syntax.Fields)
        {
            string fieldName = Names.Pascal(field.Name);
            fields.Add(new FieldModel(field.Name, fieldName == name ? fieldName + "Value" : fieldName, ResolveType(field)));
        }
        StructModel model = new(syntax.Name, name, fields);
        _structs[syntax.Name] = model;
        _open.Remove(syntax.Name);
        Structs.Add(model);
        return model;
    }

    private void ResolveUnion(UnionSyntax syntax)
    {
        if (_unions.Contains(syntax.Name) || !Enter(syntax.Name, syntax.Line, syntax.Column))
            return;
        List<ArmModel> arms = new();
        foreach (ArmSyntax arm in syntax.Arms)
        {
            int? label = arm.Case is null ? null : (int)Number(arm.Case, arm.Declaration.Line, arm.Declaration.Column);
            WireType? type = arm.Declaration.Type == "void" ? null : ResolveType(arm.Declaration);
            arms.Add(new ArmModel(label, type is null ? "" : Names.Pascal(arm.Declaration.Name), type));
        }
        _open.Remove(syntax.Name);
        _unions.Add(syntax.Name);
        Unions.Add(new UnionModel(syntax.Name, Names.Type(syntax.Name), arms));
    }

    private WireType ResolveType(Declaration declaration)
    {
        int size = Size(declaration);
        bool isFixed = declaration.Shape == Shape.Fixed;
        if (declaration.Type == "string")
            return new StringType(size);
        if (declaration.Type == "opaque")
            return isFixed && declaration.Bound == "VIR_UUID_BUFLEN" ? s_uuid : new BytesType(packed: true, isFixed, size);
        if (declaration.Type is "char" && declaration.Shape is Shape.Fixed or Shape.Variable)
            return new BytesType(packed: false, isFixed, size);
        WireType single = ResolveName(declaration);
        return declaration.Shape switch
        {
            Shape.Optional => single is OptionalType ? single : new OptionalType(single),
            Shape.Fixed or Shape.Variable => new ArrayType(single, isFixed, size, declaration.Bound),
            _ => single,
        };
    }

    private WireType ResolveName(Declaration declaration)
    {
        string name = declaration.Type;
        if (s_builtin.TryGetValue(name, out WireType? builtin))
            return builtin;
        if (IsTypedParam(name))
            return s_typedParam;
        if (_typedefs.TryGetValue(name, out Declaration? typedef))
        {
            if (!Enter(name, typedef.Line, typedef.Column))
                return s_builtin["int"];
            WireType type = ResolveType(typedef);
            _open.Remove(name);
            return type;
        }
        if (_structSyntax.TryGetValue(name, out StructSyntax? syntax))
        {
            StructModel model = ResolveStruct(syntax);
            return new NamedType(name, model.Name, () => model.MinBytes);
        }
        if (_unionSyntax.TryGetValue(name, out UnionSyntax? union))
        {
            ResolveUnion(union);
            return new NamedType(name, Names.Type(name), () => 4);
        }
        if (_enumNames.TryGetValue(name, out string? enumName))
            return new EnumType(name, enumName);
        Report("LVX002", $"'{name}' is not defined", declaration.Line, declaration.Column);
        return s_builtin["int"];
    }

    private int Size(Declaration declaration)
    {
        if (declaration.Bound is null)
            return int.MaxValue;
        long size = Number(declaration.Bound, declaration.Line, declaration.Column);
        if (size < 0)
            Report("LVX002", $"an array cannot have {size} elements", declaration.Line, declaration.Column);
        return (int)Math.Max(0, Math.Min(int.MaxValue, size));
    }

    private long Number(string text, int line, int column)
    {
        ResolveConstant(text);
        if (_constants.TryGetValue(text, out object? constant) && constant is long known)
            return known;
        if (text.StartsWith("0x", StringComparison.OrdinalIgnoreCase)
            && long.TryParse(text.Substring(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out long hex))
            return hex;
        bool octal = text.Length is > 1 and <= 21 && text[0] == '0' && text.All(c => c is >= '0' and <= '7');
        if (octal)
            return Convert.ToInt64(text, 8);
        if ((text[0] != '0' || text.Length == 1) && long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long value))
            return value;
        Report("LVX002", $"'{text}' is no number and no constant that is defined", line, column);
        return 0;
    }
}
