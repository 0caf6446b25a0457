using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>Refuses the flag bits that a function of this driver does not know, as upstream's own function of that name does.</summary>
internal static class FlagCheck
{
    /// <param name="flags">What was asked for.</param>
    /// <param name="known">What upstream's function knows.</param>
    /// <param name="function">Its name.</param>
    /// <param name="domain">The error's domain.</param>
    /// <param name="beyond">What we know beyond that: by itself it is taken, with an unknown bit it is named as unknown too.</param>
    public static void Require(uint flags, uint known, string function, ErrorDomain domain = ErrorDomain.Test, uint beyond = 0)
    {
        if ((flags & ~(known | beyond)) != 0)
            throw VirException.UnsupportedFlags(domain, flags & ~known, function);
    }
}
