using Libvirtd.Protocol;

namespace Libvirtd.Drivers;

/// <summary>How many domains of a driver are in a state at this moment.</summary>
public readonly record struct GuestCount(DomainState State, int Count);
