using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>Refuses the flag bits that a function of this driver does not know, as upstream's own function of that name does.</summary>
internal static class FlagCheck
{
    public static void Require(uint flags, uint known, string function, ErrorDomain domain = ErrorDomain.Test)
    {
        uint unknown = flags & ~known;
        if (unknown != 0)
            throw VirException.UnsupportedFlags(domain, unknown, function);
    }
}
