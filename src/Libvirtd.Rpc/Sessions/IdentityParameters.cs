using Libvirtd.Drivers;
using Libvirtd.Protocol;

namespace Libvirtd.Rpc.Sessions;

/// <summary>Reads the parameters of CONNECT_SET_IDENTITY.</summary>
internal static class IdentityParameters
{
    private const string Token = "system.token";

    public static ClientIdentity Read(TypedParam[] parameters)
    {
        TypedParamRules.Require(parameters,
            (LibvirtConstants.ConnectIdentityUserName, TypedParameterType.String),
            (LibvirtConstants.ConnectIdentityUnixUserId, TypedParameterType.Ullong),
            (LibvirtConstants.ConnectIdentityGroupName, TypedParameterType.String),
            (LibvirtConstants.ConnectIdentityUnixGroupId, TypedParameterType.Ullong),
            (LibvirtConstants.ConnectIdentityProcessId, TypedParameterType.Llong),
            (LibvirtConstants.ConnectIdentityProcessTime, TypedParameterType.Ullong),
            (LibvirtConstants.ConnectIdentitySaslUserName, TypedParameterType.String),
            (LibvirtConstants.ConnectIdentityX509DistinguishedName, TypedParameterType.String),
            (LibvirtConstants.ConnectIdentitySelinuxContext, TypedParameterType.String),
            (Token, TypedParameterType.String));
        return new ClientIdentity
        {
            UserName = parameters.Find(LibvirtConstants.ConnectIdentityUserName)?.Text,
            UserId = parameters.Find(LibvirtConstants.ConnectIdentityUnixUserId)?.ULong,
            GroupName = parameters.Find(LibvirtConstants.ConnectIdentityGroupName)?.Text,
            GroupId = parameters.Find(LibvirtConstants.ConnectIdentityUnixGroupId)?.ULong,
            ProcessId = parameters.Find(LibvirtConstants.ConnectIdentityProcessId)?.Long,
            ProcessTime = parameters.Find(LibvirtConstants.ConnectIdentityProcessTime)?.ULong,
            SaslUserName = parameters.Find(LibvirtConstants.ConnectIdentitySaslUserName)?.Text,
            X509DistinguishedName = parameters.Find(LibvirtConstants.ConnectIdentityX509DistinguishedName)?.Text,
            SelinuxContext = parameters.Find(LibvirtConstants.ConnectIdentitySelinuxContext)?.Text,
        };
    }
}
