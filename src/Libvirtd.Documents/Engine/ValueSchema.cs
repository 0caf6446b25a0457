namespace Libvirtd.Documents;

/// <summary>What came of a value: fine, bad, or a zero or a negative number where none is allowed.</summary>
public enum ValueResult
{
    Ok,
    Bad,
    Zero,
    Negative,
}

/// <summary>A type of attribute and text values: what it takes, and how libvirt prints it back.</summary>
public abstract class ValueSchema
{
    /// <summary>What the usual error adds about the values that are taken, with a space before it; empty for most.</summary>
    public virtual string Expectation => "";

    /// <summary>An empty value counts as an absent one, as in all that upstream looks up by XPath.</summary>
    public virtual bool EmptyIsAbsent => false;

    /// <summary>The error for a bad value that goes with the type; null for the usual one.</summary>
    public virtual FaultText? Bad => null;

    /// <summary>Checks a value. A null <paramref name="normal"/> is a value that is taken and not printed.</summary>
    public abstract ValueResult Normalise(string value, out string? normal);
}
