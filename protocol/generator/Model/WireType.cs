namespace Libvirtd.Protocol.Generator.Model;

/// <summary>A type of the protocol after all names are resolved: how it looks in C#, and the code that reads and writes it.</summary>
public abstract class WireType
{
    /// <summary>The C# type, with <c>?</c> where null means absent.</summary>
    public abstract string CSharp { get; }

    /// <summary>The type as the wire layout shows it, all names resolved: <c>string&lt;4194304&gt;</c>, <c>*remote_nonnull_domain</c>.</summary>
    public abstract string Layout { get; }

    /// <summary>The fewest bytes that a value takes on the wire.</summary>
    public abstract int MinBytes { get; }

    /// <summary>Writes what must run first and returns the expression of the decoded value.</summary>
    /// <param name="code">Where statements go.</param>
    /// <param name="name">A name that is free for a local variable.</param>
    public abstract string Decode(CodeWriter code, string name);

    /// <summary>Writes the statements that encode <paramref name="value"/>.</summary>
    public abstract void Encode(CodeWriter code, string value, string name);

    /// <summary>An array's size or limit as XDR writes it.</summary>
    protected static string Bound(bool isFixed, int size)
    {
        string number = size == int.MaxValue ? "" : size.ToString(System.Globalization.CultureInfo.InvariantCulture);
        return isFixed ? $"[{number}]" : $"<{number}>";
    }
}

/// <summary>A number, or anything else that one method of reader and writer each handles.</summary>
public sealed class ScalarType(string layout, string csharp, string method, int bytes, string? writeMethod = null) : WireType
{
    /// <inheritdoc/>
    public override string CSharp => csharp;

    /// <inheritdoc/>
    public override string Layout => layout;

    /// <inheritdoc/>
    public override int MinBytes => bytes;

    /// <inheritdoc/>
    public override string Decode(CodeWriter code, string name) => $"reader.Read{method}()";

    /// <inheritdoc/>
    public override void Encode(CodeWriter code, string value, string name) => code.Line($"writer.Write{writeMethod ?? method}({value});");
}

/// <summary>A bounded string.</summary>
public sealed class StringType(int limit) : WireType
{
    /// <inheritdoc/>
    public override string CSharp => "string";

    /// <inheritdoc/>
    public override string Layout => $"string{Bound(false, limit)}";

    /// <inheritdoc/>
    public override int MinBytes => 4;

    /// <inheritdoc/>
    public override string Decode(CodeWriter code, string name) => $"reader.ReadString({limit})";

    /// <inheritdoc/>
    public override void Encode(CodeWriter code, string value, string name) => code.Line($"writer.WriteString({value}, {limit});");
}

/// <summary>Bytes: packed opaque data, or an array of <c>char</c> that takes four bytes each.</summary>
public sealed class BytesType(bool packed, bool isFixed, int size) : WireType
{
    /// <inheritdoc/>
    public override string CSharp => "byte[]";

    /// <inheritdoc/>
    public override string Layout => (packed ? "opaque" : "char") + Bound(isFixed, size);

    /// <inheritdoc/>
    public override int MinBytes => !isFixed ? 4 : packed ? (size + 3) & ~3 : size * 4;

    /// <inheritdoc/>
    public override string Decode(CodeWriter code, string name) => (packed, isFixed) switch
    {
        (true, true) => $"reader.ReadFixedOpaque({size})",
        (true, false) => $"reader.ReadOpaque({size})",
        (false, true) => $"reader.ReadChars({size})",
        (false, false) => $"reader.ReadChars(reader.ReadCount({size}, 4))",
    };

    /// <inheritdoc/>
    public override void Encode(CodeWriter code, string value, string name)
    {
        if (packed)
        {
            code.Line(isFixed ? $"writer.WriteFixedOpaque({value}, {size});" : $"writer.WriteOpaque({value}, {size});");
            return;
        }
        code.Line(isFixed ? $"XdrWriter.CheckFixed({value}.Length, {size});" : $"writer.WriteCount({value}.Length, {size});");
        code.Line($"writer.WriteChars({value});");
    }
}

/// <summary>A struct or union with its own codec.</summary>
public sealed class NamedType(string xname, string csharp, System.Func<int> minBytes) : WireType
{
    /// <inheritdoc/>
    public override string CSharp => csharp;

    /// <inheritdoc/>
    public override string Layout => xname;

    /// <inheritdoc/>
    public override int MinBytes => minBytes();

    /// <inheritdoc/>
    public override string Decode(CodeWriter code, string name) => $"{csharp}.Decode(ref reader)";

    /// <inheritdoc/>
    public override void Encode(CodeWriter code, string value, string name) => code.Line($"{value}.Encode(writer);");
}

/// <summary>An enum: a signed word.</summary>
public sealed class EnumType(string xname, string csharp) : WireType
{
    /// <inheritdoc/>
    public override string CSharp => csharp;

    /// <inheritdoc/>
    public override string Layout => xname;

    /// <inheritdoc/>
    public override int MinBytes => 4;

    /// <inheritdoc/>
    public override string Decode(CodeWriter code, string name) => $"unchecked(({csharp})reader.ReadInt32())";

    /// <inheritdoc/>
    public override void Encode(CodeWriter code, string value, string name) => code.Line($"writer.WriteInt32(unchecked((int){value}));");
}

/// <summary>An array of anything but bytes.</summary>
public sealed class ArrayType(WireType element, bool isFixed, int size, string? boundName) : WireType
{
    /// <summary>What the array holds.</summary>
    public WireType Element => element;

    /// <summary>The bound, or the size of a fixed array.</summary>
    public int Size => size;

    /// <summary>The bound's name in the .x file, for error texts.</summary>
    public string BoundName => boundName ?? size.ToString(System.Globalization.CultureInfo.InvariantCulture);

    /// <inheritdoc/>
    public override string CSharp => element.CSharp + "[]";

    /// <inheritdoc/>
    public override string Layout => element.Layout + Bound(isFixed, size);

    /// <inheritdoc/>
    public override int MinBytes => isFixed ? size * element.MinBytes : 4;

    /// <inheritdoc/>
    public override string Decode(CodeWriter code, string name)
    {
        if (element is NamedType && !isFixed)
            return $"reader.ReadArray<{element.CSharp}>({size}, {System.Math.Max(1, element.MinBytes)})";
        code.Line(isFixed
            ? $"{element.CSharp}[] {name} = new {NewElements(size.ToString(System.Globalization.CultureInfo.InvariantCulture))};"
            : $"{element.CSharp}[] {name} = new {NewElements($"reader.ReadCount({size}, {System.Math.Max(1, element.MinBytes)})")};");
        code.Line($"for (int {name}I = 0; {name}I < {name}.Length; {name}I++)");
        code.Open();
        string value = element.Decode(code, name + "E");
        code.Line($"{name}[{name}I] = {value};");
        code.Close();
        return name;
    }

    /// <inheritdoc/>
    public override void Encode(CodeWriter code, string value, string name)
    {
        if (element is NamedType && !isFixed)
        {
            code.Line($"writer.WriteArray({value}, {size});");
            return;
        }
        code.Line(isFixed ? $"XdrWriter.CheckFixed({value}.Length, {size});" : $"writer.WriteCount({value}.Length, {size});");
        code.Line($"foreach ({element.CSharp} {name}E in {value})");
        code.Open();
        element.Encode(code, name + "E", name + "F");
        code.Close();
    }

    // An array of arrays is created as new byte[count][].
    private string NewElements(string count)
    {
        string type = element.CSharp;
        int brackets = type.IndexOf("[]", System.StringComparison.Ordinal);
        return brackets < 0 ? $"{type}[{count}]" : $"{type.Substring(0, brackets)}[{count}]{type.Substring(brackets)}";
    }
}

/// <summary>A value that may be absent.</summary>
public sealed class OptionalType(WireType inner) : WireType
{
    /// <summary>What may be absent.</summary>
    public WireType Inner => inner;

    /// <inheritdoc/>
    public override string CSharp => inner.CSharp + "?";

    /// <inheritdoc/>
    public override string Layout => "*" + inner.Layout;

    /// <inheritdoc/>
    public override int MinBytes => 4;

    /// <inheritdoc/>
    public override string Decode(CodeWriter code, string name)
    {
        code.Line($"{CSharp} {name} = null;");
        code.Line("if (reader.ReadBool())");
        code.Open();
        string value = inner.Decode(code, name + "V");
        code.Line($"{name} = {value};");
        code.Close();
        return name;
    }

    /// <inheritdoc/>
    public override void Encode(CodeWriter code, string value, string name)
    {
        code.Line($"writer.WriteBool({value} is not null);");
        code.Line($"if ({value} is {{ }} {name})");
        code.Open();
        inner.Encode(code, name, name + "V");
        code.Close();
    }
}
