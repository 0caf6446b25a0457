namespace Libvirtd.Xdr;

/// <summary>A type of the protocol with its encoding.</summary>
public interface IXdrValue<TSelf>
    where TSelf : IXdrValue<TSelf>
{
    /// <summary>Reads one value.</summary>
    /// <exception cref="XdrException">The bytes end early, a bound is exceeded or a text is not UTF-8.</exception>
    static abstract TSelf Decode(ref XdrReader reader);

    /// <summary>Writes the value.</summary>
    /// <exception cref="XdrException">A bound of the protocol is exceeded.</exception>
    void Encode(XdrWriter writer);
}
