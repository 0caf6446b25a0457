namespace Libvirtd.Drivers.Test;

/// <summary>What a call is about to do to a domain. The domain's job says which of it may happen meanwhile, as upstream's jobs do by their masks.</summary>
[Flags]
internal enum DomainChanges
{
    None = 0,

    /// <summary>Any change that is none of the others.</summary>
    Modify = 1,

    /// <summary>The guest is to stand still.</summary>
    Suspend = 2,

    /// <summary>The guest's life ends; no job is in the way of that.</summary>
    Destroy = 4,

    /// <summary>The guest's agent does something.</summary>
    Agent = 8,

    /// <summary>It needs the domain for itself, as a job does.</summary>
    Job = 16,
}
