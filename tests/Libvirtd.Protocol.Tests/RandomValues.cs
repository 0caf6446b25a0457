using System.Collections;
using System.Reflection;
using Libvirtd.Xdr;

namespace Libvirtd.Protocol.Tests;

/// <summary>
/// Makes random values of the protocol's types. A fixed array's length is in no declaration: it is learned from the value that a message of zeros
/// decodes to, where variable arrays are empty.
/// </summary>
internal sealed class RandomValues(Random random)
{
    private readonly Dictionary<Type, object> _zeros = [];
    private readonly NullabilityInfoContext _nullability = new();
    private readonly Dictionary<Type, (PropertyInfo Property, bool Nullable)[]> _properties = [];

    public object Make(Type type)
    {
        if (type == typeof(TypedParam))
            return MakeParam();
        object value = Zero(type);
        foreach ((PropertyInfo property, bool nullable) in Properties(type))
        {
            int fixedLength = property.PropertyType.IsArray && property.GetValue(value) is Array { Length: > 0 } array ? array.Length : -1;
            property.SetValue(value, MakeAny(property.PropertyType, nullable, fixedLength));
        }
        return value;
    }

    private (PropertyInfo Property, bool Nullable)[] Properties(Type type)
    {
        if (!_properties.TryGetValue(type, out (PropertyInfo, bool)[]? known))
        {
            known = [.. type.GetProperties().Where(property => property.CanWrite)
                .Select(property => (property, _nullability.Create(property).WriteState == NullabilityState.Nullable))];
            _properties[type] = known;
        }
        return known;
    }

    private object? MakeAny(Type type, bool nullable, int fixedLength)
    {
        if (nullable && random.Next(3) == 0)
            return null;
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (type == typeof(string))
            return MakeText();
        if (type == typeof(Guid))
            return new Guid(MakeBytes(16));
        if (type == typeof(byte[]))
            return MakeBytes(fixedLength >= 0 ? fixedLength : random.Next(9));
        if (type.IsArray)
            return MakeArray(type.GetElementType()!, fixedLength >= 0 ? fixedLength : random.Next(3));
        if (type.IsEnum)
            return Enum.ToObject(type, random.Next());
        if (type == typeof(bool))
            return random.Next(2) == 0;
        if (type == typeof(double))
            return random.NextDouble() * 1e9;
        if (type == typeof(float))
            return random.NextSingle();
        if (type.IsPrimitive)
            return MakeNumber(type);
        return Make(type);
    }

    private object MakeNumber(Type type)
    {
        long bits = random.Next(4) switch { 0 => 0, 1 => -1, 2 => long.MinValue, _ => random.NextInt64() };
        return type switch
        {
            _ when type == typeof(int) => unchecked((int)bits),
            _ when type == typeof(uint) => unchecked((uint)bits),
            _ when type == typeof(long) => bits,
            _ when type == typeof(ulong) => unchecked((ulong)bits),
            _ when type == typeof(sbyte) => unchecked((sbyte)bits),
            _ when type == typeof(byte) => unchecked((byte)bits),
            _ when type == typeof(short) => unchecked((short)bits),
            _ when type == typeof(ushort) => unchecked((ushort)bits),
            _ => throw new NotSupportedException($"no random value of {type}"),
        };
    }

    private Array MakeArray(Type element, int length)
    {
        Array array = Array.CreateInstance(element, length);
        for (int i = 0; i < length; i++)
            ((IList)array)[i] = MakeAny(element, false, -1);
        return array;
    }

    private byte[] MakeBytes(int length)
    {
        byte[] bytes = new byte[length];
        random.NextBytes(bytes);
        return bytes;
    }

    private string MakeText() => string.Concat(Enumerable.Range(0, random.Next(6)).Select(_ => random.Next(4) switch
    {
        0 => "\u00e9",
        1 => "\U0001f427",
        _ => ((char)random.Next('!', '~')).ToString(),
    }));

    private TypedParam MakeParam() => random.Next(7) switch
    {
        0 => new TypedParam(MakeText(), random.Next()),
        1 => new TypedParam(MakeText(), (uint)random.Next()),
        2 => new TypedParam(MakeText(), random.NextInt64()),
        3 => new TypedParam(MakeText(), (ulong)random.NextInt64()),
        4 => new TypedParam(MakeText(), random.NextDouble()),
        5 => new TypedParam(MakeText(), random.Next(2) == 0),
        _ => new TypedParam(MakeText(), MakeText()),
    };

    private object Zero(Type type)
    {
        if (!_zeros.TryGetValue(type, out object? zero))
        {
            zero = typeof(RandomValues).GetMethod(nameof(DecodeZeros), BindingFlags.NonPublic | BindingFlags.Static)!
                .MakeGenericMethod(type).Invoke(null, null)!;
            _zeros[type] = zero;
        }
        return Clone(zero);
    }

    private static object DecodeZeros<T>()
        where T : IXdrValue<T>
    {
        XdrReader reader = new(new byte[65536]);
        return T.Decode(ref reader);
    }

    // A boxed struct is changed in place, so that each value needs a box of its own.
    private static object Clone(object box) =>
        typeof(object).GetMethod("MemberwiseClone", BindingFlags.NonPublic | BindingFlags.Instance)!.Invoke(box, null)!;
}
